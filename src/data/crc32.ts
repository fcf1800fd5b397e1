const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let word = byte;
  for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ 0xedb8_8320 : word >>> 1;
  return word;
});

/** The cyclic redundancy check of zip and PNG (polynomial 0x04c11db7, reflected), an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array): number {
  let word = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i++) word = TABLE[(word ^ bytes[i]!) & 0xff]! ^ (word >>> 8);
  return (word ^ 0xffff_ffff) >>> 0;
}
