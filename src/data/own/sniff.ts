/** What the first bytes of a file say. */
export type Sniffed =
  /** Dimensions in pixels as declared, where they stand near the beginning. */
  | { readonly kind: "image"; readonly format: ImageFormat; readonly width?: number; readonly height?: number }
  /** Something else; `what` in words, with its article. */
  | { readonly kind: "other"; readonly what: string };

export type ImageFormat = "JPEG" | "PNG" | "GIF" | "WebP" | "BMP" | "AVIF";

/** Bytes from the beginning of a file that `sniffImage` wants to see; more do no harm. */
export const SNIFF_BYTES = 2 ** 16;

/** Images beyond this are not decoded: half a gigabyte of pixels each. */
const MOST_PIXELS = 120_000_000;

/**
 * Tells images from other files by their first bytes: names lie.
 *
 * @param head the first `SNIFF_BYTES` bytes of the file, or all where there are fewer
 */
export function sniffImage(head: Uint8Array): Sniffed {
  const bytes = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (at: number, length: number) => String.fromCharCode(...head.subarray(at, at + length));
  if (head.length === 0) return { kind: "other", what: "an empty file" };
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return image("JPEG", jpegSize(bytes));
  if (text(0, 8) === "\x89PNG\r\n\x1a\n")
    return image("PNG", fits(bytes, 24) && [bytes.getUint32(16), bytes.getUint32(20)]);
  if (/^GIF8[79]a/.test(text(0, 6))) {
    return image("GIF", fits(bytes, 10) && [bytes.getUint16(6, true), bytes.getUint16(8, true)]);
  }
  if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return image("WebP", webpSize(bytes, text(12, 4)));
  if (text(0, 2) === "BM" && fits(bytes, 26)) return image("BMP", bmpSize(bytes));
  if (text(4, 4) === "ftyp") return isoMedia(bytes, text(8, 4));
  return { kind: "other", what: describe(text(0, 64)) };
}

/**
 * Why a file is left out before it is decoded, or undefined for an image that may be.
 */
export function refusal(head: Uint8Array): string | undefined {
  const found = sniffImage(head);
  if (found.kind === "other") return `is ${found.what} and no image that can be read (JPEG, PNG, GIF, WebP, BMP, AVIF)`;
  const { width, height } = found;
  if (width === undefined || height === undefined) return undefined;
  if (width === 0 || height === 0) return `is ${width}x${height} pixels large`;
  if (width * height > MOST_PIXELS) {
    return `is ${width}x${height} pixels large; at most ${MOST_PIXELS / 1e6} million are decoded: scale it down`;
  }
  return undefined;
}

type Size = readonly [width: number, height: number];

function image(format: ImageFormat, size: Size | false | undefined): Sniffed {
  return size ? { kind: "image", format, width: size[0], height: size[1] } : { kind: "image", format };
}

function fits(bytes: DataView, length: number): boolean {
  return bytes.byteLength >= length;
}

/** From the first frame header (SOF0 to SOF15, without the tables DHT, JPG and DAC that lie among them). */
function jpegSize(bytes: DataView): Size | undefined {
  for (let at = 2; at + 9 <= bytes.byteLength; ) {
    if (bytes.getUint8(at) !== 0xff) return undefined;
    const marker = bytes.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // a fill byte
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return [bytes.getUint16(at + 7), bytes.getUint16(at + 5)];
    } else {
      at += 2 + bytes.getUint16(at + 2);
    }
  }
  return undefined;
}

function webpSize(bytes: DataView, chunk: string): Size | undefined {
  if (!fits(bytes, 30)) return undefined;
  if (chunk === "VP8 ") return [bytes.getUint16(26, true) & 0x3fff, bytes.getUint16(28, true) & 0x3fff];
  if (chunk === "VP8L") {
    const packed = bytes.getUint32(21, true);
    return [(packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1];
  }
  if (chunk !== "VP8X") return undefined;
  const uint24 = (at: number) => bytes.getUint16(at, true) + bytes.getUint8(at + 2) * 0x1_0000;
  return [uint24(24) + 1, uint24(27) + 1];
}

function bmpSize(bytes: DataView): Size {
  // The header of OS/2 has 16-bit sizes; in all others a negative height means rows from top to bottom.
  if (bytes.getUint32(14, true) === 12) return [bytes.getUint16(18, true), bytes.getUint16(20, true)];
  return [Math.abs(bytes.getInt32(18, true)), Math.abs(bytes.getInt32(22, true))];
}

/** AVIF is one of many formats in the same container; what a picture's box `ispe` declares is its size. */
function isoMedia(bytes: DataView, brand: string): Sniffed {
  if (brand !== "avif" && brand !== "avis") {
    return { kind: "other", what: /^(hei|hev|mif|msf)/.test(brand) ? "a HEIC image" : "a video" };
  }
  let size: Size | undefined;
  for (let at = 12; at + 16 <= bytes.byteLength; at++) {
    if (bytes.getUint32(at) !== 0x6973_7065) continue;
    const next: Size = [bytes.getUint32(at + 8), bytes.getUint32(at + 12)];
    // Of several, thumbnails and tiles among them, the largest.
    if (!size || next[0] * next[1] > size[0] * size[1]) size = next;
  }
  return image("AVIF", size);
}

function describe(start: string): string {
  if (/^(II\*\0|MM\0\*)/.test(start)) return "a TIFF image";
  if (start.startsWith("%PDF")) return "a PDF document";
  if (start.startsWith("8BPS")) return "a Photoshop image";
  if (start.startsWith("PK\x03\x04") || start.startsWith("\x1f\x8b")) return "an archive";
  if (/^(\xef\xbb\xbf)?\s*<(\?xml|svg|!doctype|html)/i.test(start)) return "an SVG, XML or HTML text";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters tell texts from other files
  return /[\0-\x08\x0e-\x1a]/.test(start) ? "an unknown kind of file" : "a text";
}
