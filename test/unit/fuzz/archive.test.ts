import fc from "fast-check";
import { gzipSync, zipSync } from "fflate";
import { createTar } from "nanotar";
import { describe, expect, test } from "vitest";
import { ARCHIVE_LIMITS } from "../../../src/data/archive/entry.ts";
import { openArchive } from "../../../src/data/archive/open.ts";
import { importImages } from "../../../src/data/own/import.ts";
import { unpackDataset } from "../../../src/data/own/pack.ts";
import { blobOf, dataError } from "../data/archive/support.ts";
import { damagedBytes, outcomes, read, tries } from "./support.ts";
import { zip64 } from "./zip64.ts";

/** Two classes of ten images that begin as GIF files do. */
const IMAGES = ["cat", "dog"].flatMap((name, label) =>
  Array.from({ length: 10 }, (_, i) => [`pets/${name}/${i}.gif`, gif(100 * label + i)] as const),
);

function gif(value: number): Uint8Array {
  return Uint8Array.from([...new TextEncoder().encode("GIF89a\x08\0\x08\0"), value]);
}

type Files = readonly (readonly [name: string, data: Uint8Array])[];

const tarOf = (files: Files) =>
  createTar(
    files.map(([name, data]) => ({ name, data })),
    { attrs: { mtime: 0 } },
  );

const packers: Readonly<Record<string, (files: Files) => Uint8Array>> = {
  "x.zip": (files) => zipSync(Object.fromEntries(files)),
  "wide.zip": zip64,
  "x.tar": tarOf,
  "x.tar.gz": (files) => gzipSync(tarOf(files), { mtime: 0 }),
};
const kinds = Object.keys(packers);

/** Fewer than the machine allows, so that what claims more is noticed here. */
const LIMITS = { ...ARCHIVE_LIMITS, bytes: 2 ** 20, entries: 1000 };

/** Opens an archive and reads all of it. */
async function unpack(path: string, bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of (await openArchive({ path, blob: blobOf(bytes) }, LIMITS)) ?? []) {
    expect(entry.path).toMatch(/^[^/\0\\]+(\/[^/\0\\]+)*$/);
    expect(entry.path.split("/")).not.toContain("..");
    expect(entry.size).toBeLessThanOrEqual(LIMITS.bytes);
    expect(files.has(entry.path)).toBe(false);
    const data = await entry.read();
    expect(data.length).toBe(entry.size);
    files.set(entry.path, data);
  }
  return files;
}

describe.each(kinds)("%s", (kind) => {
  const pack = packers[kind]!;

  test("damaged anywhere", () =>
    outcomes(
      damagedBytes(fc.constant(pack(IMAGES.slice(8, 12)))),
      async (bytes) => ((await read(["data"], () => unpack(kind, bytes))) ? "read" : "refused"),
      250,
    ));

  test("names of all kinds lie inside, or are refused", () => {
    const part = fc.constantFrom(
      "..",
      ".",
      "",
      "a",
      "b.gif",
      "C:",
      "\\",
      "..\\..",
      "__proto__",
      "constructor",
      "~",
      "$HOME",
      "…",
      "a\nb",
      " ",
    );
    const name = fc
      .tuple(fc.constantFrom("d/", "/", "./", "//"), fc.array(part, { maxLength: 5 }))
      .map(([start, parts]) => start + parts.join("/"));
    return outcomes(
      fc.array(fc.tuple(name, fc.constant(gif(1))), { minLength: 1, maxLength: 2 }),
      async (files) => ((await read(["data"], () => unpack(kind, pack(files)))) ? "read" : "refused"),
      150,
    );
  });

  test("an import of it makes a data set or tells why not", async () => {
    const host = { decode: async (_: Blob, size: number) => new Uint8ClampedArray(size * size * 4) };
    await outcomes(
      damagedBytes(fc.constant(pack(IMAGES))),
      async (bytes) => {
        const request = { name: "pets", size: 8, files: [{ path: kind, blob: blobOf(bytes) }] };
        const made = await read(["data"], () => importImages(request, host));
        if (made === undefined) return "refused";
        expect(unpackDataset(made.dataset, "pets.supernet").classes.length).toBeGreaterThan(1);
        return "read";
      },
      60,
    );
  });
});

test("numbers of a zip's directory, changed to those that tempt", async () => {
  const whole = packers["x.zip"]!(IMAGES.slice(8, 12));
  const directory = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 6, true);
  const change = fc.record({
    at: fc.integer({ min: directory, max: whole.length - 4 }),
    value: fc.constantFrom(
      0,
      1,
      8,
      0xffff,
      0x7fff_ffff,
      0x8000_0000,
      0xffff_fffe,
      0xffff_ffff,
      whole.length,
      directory,
      directory - 1,
    ),
    wide: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = whole.slice();
      const view = new DataView(bytes.buffer);
      for (const { at, value, wide } of changes) {
        if (wide) view.setUint32(at, value, true);
        else view.setUint16(at, value & 0xffff, true);
      }
      await read(["data"], () => unpack("x.zip", bytes));
    }),
    tries(500),
  );
});

test("sizes of 64 bits, honest and not", async () => {
  const whole = zip64(IMAGES);
  expect([...(await unpack("x.zip", whole))]).toEqual(IMAGES);
  const wide = fc.constantFrom(
    0n,
    1n,
    2n ** 31n,
    2n ** 32n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
    BigInt(whole.length),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 8), wide, async (at, value) => {
      const bytes = whole.slice();
      new DataView(bytes.buffer).setBigUint64(at, value, true);
      await read(["data"], () => unpack("x.zip", bytes));
    }),
    tries(300),
  );
});

test("of files of one name the last is taken, as when all are unpacked over each other", async () => {
  const twice: Files = [
    ["a/1.gif", gif(1)],
    ["b/1.gif", gif(2)],
    ["./a//1.gif", gif(3)],
  ];
  for (const kind of ["wide.zip", "x.tar", "x.tar.gz"]) {
    expect([...(await unpack(kind, packers[kind]!(twice)))]).toEqual([
      ["a/1.gif", gif(3)],
      ["b/1.gif", gif(2)],
    ]);
  }
});

test("paths that no system has are refused", async () => {
  const refusal =
    'has an entry in too many folders, beginning "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/"';
  const remedy = "pack it again without the outer ones";
  expect(await dataError(unpack("x.zip", zip64([["a/".repeat(30_000), gif(1)]])))).toBe(`x.zip ${refusal}; ${remedy}`);
  expect(await dataError(unpack("x.zip", zip64([["a/".repeat(100), gif(1)]])))).toContain(refusal);
  expect(await dataError(unpack("x.zip", zip64([["b".repeat(5000), gif(1)]])))).toContain("in too many folders");
});

test("a pax header that is no list of records is refused", async () => {
  const tar = createTar([{ name: "h", data: new TextEncoder().encode("1 1 1 1 1") }]);
  tar[156] = "x".charCodeAt(0);
  tar.fill(32, 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  expect(await dataError(unpack("x.tar", tar))).toBe(
    "x.tar is damaged: a pax record is not valid; download or pack it again",
  );
});
