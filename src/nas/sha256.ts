/** SHA-256 of bytes, in hexadecimal; of several parts as if they were one. */
export async function sha256(...parts: readonly Uint8Array[]): Promise<string> {
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
