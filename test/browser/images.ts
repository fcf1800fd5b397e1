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
