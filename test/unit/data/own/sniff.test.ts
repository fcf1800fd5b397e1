import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusal, sniffImage } from "../../../../src/data/own/sniff.ts";

const text = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const u16 = (value: number) => String.fromCharCode(value >> 8, value & 255);
const u32 = (value: number) => u16(value >>> 16) + u16(value & 0xffff);
const reversed = (value: string) => [...value].reverse().join("");
const le16 = (value: number) => reversed(u16(value));
const le32 = (value: number) => reversed(u32(value));
const le24 = (value: number) => le32(value).slice(0, 3);

const headers: Record<string, (width: number, height: number) => string> = {
  JPEG: (w, h) =>
    `\xff\xd8\xff\xe1${u16(10)}Exif1234\xff\xc4${u16(4)}ab\xff\xff\xc2${u16(11)}\x08${u16(h)}${u16(w)}\x03`,
  PNG: (w, h) => `\x89PNG\r\n\x1a\n${u32(13)}IHDR${u32(w)}${u32(h)}\x08\x06`,
  GIF: (w, h) => `GIF89a${le16(w)}${le16(h)}`,
  BMP: (w, h) => `BM${"\0".repeat(12)}${le32(40)}${le32(w)}${le32(-h)}`,
  "BMP of OS/2": (w, h) => `BM${"\0".repeat(12)}${le32(12)}${le16(w)}${le16(h)}\0\0\0\0`,
  WebP: (w, h) => `RIFF${le32(90)}WEBPVP8 ${le32(80)}\0\0\0\x9d\x01\x2a${le16(w)}${le16(h)}`,
  "WebP, lossless": (w, h) => `RIFF${le32(90)}WEBPVP8L${le32(80)}\x2f${le32(((h - 1) << 14) | (w - 1))}\0\0\0\0\0`,
  "WebP, extended": (w, h) => `RIFF${le32(90)}WEBPVP8X${le32(10)}\0\0\0\0${le24(w - 1)}${le24(h - 1)}`,
  AVIF: (w, h) =>
    `${u32(28)}ftypavif....miafmeta${u32(20)}ispe\0\0\0\0${u32(16)}${u32(16)}${u32(20)}ispe\0\0\0\0${u32(w)}${u32(h)}`,
};

describe("images are told by their first bytes, with the size they declare", () => {
  test.each(Object.keys(headers))("%s", (name) => {
    const format = name.split(/[ ,]/)[0];
    const side = fc.integer({ min: 17, max: 16_000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        expect(sniffImage(text(headers[name]!(width, height)))).toEqual({ kind: "image", format, width, height });
      }),
    );
  });

  test("a real JPEG", () => {
    const file = join(import.meta.dirname, "../../../../../shared/data/cifar-10-folder/train/cat/2000.jpg");
    if (!existsSync(file)) return;
    expect(sniffImage(readFileSync(file))).toEqual({ kind: "image", format: "JPEG", width: 32, height: 32 });
  });
});

test("giant images are refused before they are decoded; what declares nothing is left to the decoder", () => {
  expect(refusal(text(headers.PNG!(20_000, 20_000)))).toBe(
    "is 20000x20000 pixels large; at most 120 million are decoded: scale it down",
  );
  expect(refusal(text(headers.JPEG!(0, 5)))).toBe("is 0x5 pixels large");
  expect(refusal(text(headers.JPEG!(12_000, 9_000)))).toBeUndefined();
  expect(refusal(text("\xff\xd8\xff\xe0"))).toBeUndefined();
});

test("other files are named", () => {
  const kinds = {
    nothing: "",
    text: "Hello, world",
    svg: '<?xml version="1.0"?><svg/>',
    tiff: "II*\0\x08\0\0\0",
    heic: `${u32(24)}ftypheic\0\0\0\0`,
    video: `${u32(24)}ftypisom\0\0\0\0`,
    pdf: "%PDF-1.7",
    zip: "PK\x03\x04abc",
    bytes: "\x01\x02\x03\x04",
  };
  const named = Object.fromEntries(
    Object.entries(kinds).map(([kind, bytes]) => {
      const found = sniffImage(text(bytes));
      return [kind, found.kind === "other" ? found.what : found.format];
    }),
  );
  expect(named).toEqual({
    nothing: "an empty file",
    text: "a text",
    svg: "an SVG, XML or HTML text",
    tiff: "a TIFF image",
    heic: "a HEIC image",
    video: "a video",
    pdf: "a PDF document",
    zip: "an archive",
    bytes: "an unknown kind of file",
  });
  expect(refusal(text("Hello"))).toBe("is a text and no image that can be read (JPEG, PNG, GIF, WebP, BMP, AVIF)");
});

test("no bytes at all make it fail", () => {
  const start = fc.constantFrom(...Object.values(headers).map((header) => header(100, 100)), "", `${u32(9)}ftyp`);
  fc.assert(
    fc.property(start, fc.nat(60), fc.uint8Array({ maxLength: 80 }), (header, kept, rest) => {
      const bytes = Uint8Array.from([...text(header.slice(0, kept)), ...rest]);
      expect(["image", "other"]).toContain(sniffImage(bytes).kind);
    }),
    { numRuns: 1000 },
  );
});
