import { crc32 } from "../../../src/data/crc32.ts";

/**
 * A zip of stored files whose sizes, places and count stand in 64 bits throughout, as in archives of many gigabytes.
 * @param files names may repeat
 */
export function zip64(files: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const local: number[] = [];
  const central: number[] = [];
  for (const [name, data] of files) {
    const bytes = [...new TextEncoder().encode(name)];
    const place = local.length;
    const common = [
      ...u16(0),
      ...u16(0),
      ...u32(0),
      ...u32(crc32(data)),
      ...u32(ABSENT),
      ...u32(ABSENT),
      ...u16(bytes.length),
    ];
    const sizes = [...u64(data.length), ...u64(data.length)];
    local.push(
      ...u32(0x0403_4b50),
      ...u16(45),
      ...common,
      ...u16(20),
      ...bytes,
      ...u16(1),
      ...u16(16),
      ...sizes,
      ...data,
    );
    central.push(
      ...u32(0x0201_4b50),
      ...u16(45),
      ...u16(45),
      ...common,
      ...u16(28),
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u32(0),
    );
    central.push(...u32(ABSENT), ...bytes, ...u16(1), ...u16(24), ...sizes, ...u64(place));
  }
  const count = u64(files.length);
  const end64 = [...u32(0x0606_4b50), ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0), ...count, ...count];
  end64.push(...u64(central.length), ...u64(local.length));
  const locator = [...u32(0x0706_4b50), ...u32(0), ...u64(local.length + central.length), ...u32(1)];
  const end = [
    ...u32(0x0605_4b50),
    ...u32(0),
    ...u16(0xffff),
    ...u16(0xffff),
    ...u32(ABSENT),
    ...u32(ABSENT),
    ...u16(0),
  ];
  return Uint8Array.from([...local, ...central, ...end64, ...locator, ...end]);
}

const ABSENT = 0xffff_ffff;
const u16 = (value: number) => [value & 255, value >>> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const u64 = (value: number) => [...u32(value), ...u32(0)];
