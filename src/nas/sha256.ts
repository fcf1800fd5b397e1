import { SupernetError } from "../errors.ts";

/**
 * SHA-256 of bytes, in hexadecimal; of several parts as if they were one.
 * @throws SupernetError("io") on pages that are not secure: they have no files, for which hashes are, either
 */
export async function sha256(...parts: readonly Uint8Array[]): Promise<string> {
  if (!crypto.subtle) {
    throw new SupernetError("io", "a page that is not secure can keep no files: open it over https or from localhost");
  }
  const hash = await crypto.subtle.digest("SHA-256", joined(parts));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const sha256OfJson = (value: unknown): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(value)));

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0] as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
