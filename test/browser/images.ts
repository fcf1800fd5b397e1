import { deflateSync } from "node:zlib";
import { crc32 } from "../../src/data/crc32.ts";

// Images that a canvas does not write, byte by byte.

/**
 * A PNG with colour and alpha.
 * @param bits of a sample: 8 or 16
 * @param pixel samples of a pixel, red, green, blue and alpha, each in [0, 1]
 */
export function png(
  width: number,
  height: number,
  bits: 8 | 16,
  pixel: (x: number, y: number) => readonly number[],
): Uint8Array {
  const rows: number[] = [];
  for (let y = 0; y < height; y++) {
    rows.push(0); // no filter
    for (let x = 0; x < width; x++) {
      for (const sample of pixel(x, y)) {
        const value = Math.round(sample * (2 ** bits - 1));
        if (bits === 16) rows.push(value >> 8);
        rows.push(value & 255);
      }
    }
  }
  const header = [...u32(width), ...u32(height), bits, 6, 0, 0, 0];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunk("IHDR", header),
    ...chunk("IDAT", [...deflateSync(Uint8Array.from(rows))]),
    ...chunk("IEND", []),
  ]);
}

/** A JPEG of 8x8 pixels whose samples are all 128: of one component grey, of four cyan, magenta, yellow and black as Adobe writes them. */
export function flatJpeg(components: 1 | 4): Uint8Array {
  const ids = Array.from({ length: components }, (_, i) => i + 1);
  const segment = (marker: number, data: readonly number[]) => [0xff, marker, 0, data.length + 2, ...data];
  // The only code of each Huffman table is one bit long: no difference to the block before, and the end of the block.
  const table = (kind: number) => [kind, 1, ...Array<number>(15).fill(0), 0];
  const frame = [8, 0, 8, 0, 8, components, ...ids.flatMap((id) => [id, 0x11, 0])];
  const scan = [components, ...ids.flatMap((id) => [id, 0]), 0, 63, 0];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...(components === 4 ? segment(0xee, [...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0]) : []),
    ...segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    ...segment(0xc0, frame),
    ...segment(0xc4, [...table(0x00), ...table(0x10)]),
    ...segment(0xda, scan),
    // Two bits for each component, filled up with ones.
    ...[components === 4 ? 0x00 : 0x3f, 0xff, 0xd9],
  ]);
}

/** A GIF of one pixel that is red first and then blue. */
export function animatedGif(): Uint8Array {
  const frame = (code: number) => [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, code, 1, 0];
  const colours = [255, 0, 0, 0, 0, 255];
  return Uint8Array.from([
    ...new TextEncoder().encode("GIF89a"),
    1,
    0,
    1,
    0,
    0x80,
    0,
    0,
    ...colours,
    ...frame(0x44),
    ...frame(0x4c),
    0x3b,
  ]);
}

/** The JPEG with an EXIF segment that says how it is to be turned: 1 not, 3 by half, 6 clockwise, 8 the other way. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  // A big-endian TIFF with one entry: tag 0x0112, one 16-bit number.
  const tiff = [0x4d, 0x4d, 0, 42, ...u32(8), 0, 1, 0x01, 0x12, 0, 3, ...u32(1), 0, orientation, 0, 0, ...u32(0)];
  const data = [...new TextEncoder().encode("Exif\0\0"), ...tiff];
  const length = data.length + 2;
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 255, ...data, ...jpeg.subarray(2)]);
}

function chunk(type: string, data: readonly number[]): number[] {
  const named = [...new TextEncoder().encode(type), ...data];
  return [...u32(data.length), ...named, ...u32(crc32(Uint8Array.from(named)))];
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
