import { afterEach, expect, test, vi } from "vitest";
import { sha256 } from "../../../src/nas/sha256.ts";

afterEach(() => vi.unstubAllGlobals());

test("parts are hashed as one", async () => {
  const text = (words: string) => new TextEncoder().encode(words);
  // FIPS 180-2, appendix B.1.
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(await sha256(text("abc"))).toBe(abc);
  expect(await sha256(text("a"), text(""), text("bc"))).toBe(abc);
});

test("a page that is not secure, whose browser hashes nothing, is told what to do", async () => {
  vi.stubGlobal("crypto", {});
  await expect(sha256()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: a page that is not secure can keep no files: open it over https or from localhost]`,
  );
});
