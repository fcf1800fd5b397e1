import fc from "fast-check";
import { gzipSync, strToU8, Zip, ZipDeflate, zipSync } from "fflate";
import { createTar } from "nanotar";
import { describe, expect, test } from "vitest";
import { ARCHIVE_LIMITS, type ArchiveEntry } from "../../../../src/data/archive/entry.ts";
import { openArchive } from "../../../../src/data/archive/open.ts";
import { SupernetError } from "../../../../src/errors.ts";
import { Rng } from "../../../../src/random/rng.ts";
import { STREAMS } from "../../../../src/random/streams.ts";
import { blobOf, dataError } from "./support.ts";

type Files = Record<string, Uint8Array>;

const packers: Record<string, (files: Files) => Uint8Array> = {
  "x.zip": (files) => zipSync(files),
  "stored.zip": (files) => zipSync(files, { level: 0 }),
  "streamed.zip": streamedZip,
  "x.tar": tarOf,
  "x.tar.gz": (files) => gzipSync(tarOf(files), { mtime: 0 }),
};
const kinds = Object.keys(packers);

function tarOf(files: Files): Uint8Array {
  return createTar(
    Object.entries(files).map(([name, data]) => ({ name, data })),
    { attrs: { mtime: 0 } },
  );
}

/** As written by programs that learn sizes and checksums only after the data. */
function streamedZip(files: Files): Uint8Array {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  for (const [name, data] of Object.entries(files)) {
    const entry = new ZipDeflate(name);
    zip.add(entry);
    entry.push(data, true);
  }
  zip.end();
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

async function open(path: string, bytes: Uint8Array, limits = ARCHIVE_LIMITS): Promise<readonly ArchiveEntry[]> {
  const entries = await openArchive({ path, blob: blobOf(bytes) }, limits);
  return entries ?? [];
}

async function contents(entries: readonly ArchiveEntry[]): Promise<Files> {
  const files: Files = {};
  for (const entry of entries) {
    files[entry.path] = await entry.read();
    expect(entry.size).toBe(files[entry.path]!.length);
  }
  return files;
}

const name = fc.stringMatching(/^[a-zA-Z0-9_]{1,12}$/);
const somePath = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => `d/${parts.join("/")}.x`);
const someFiles = fc.dictionary(somePath, fc.uint8Array({ maxLength: 2000 }), { minKeys: 1, maxKeys: 6 });

describe("any files come out of an archive as they went in", () => {
  test.each(kinds)("%s", async (kind) => {
    await fc.assert(
      fc.asyncProperty(someFiles, async (files) => {
        expect(await contents(await open(kind, packers[kind]!(files)))).toEqual({ ...files });
      }),
      { numRuns: 50 },
    );
  });
});

const sample: Files = {
  "d/cat.x": Uint8Array.from({ length: 700 }, (_, i) => (i * i) >> 3),
  "d/dog.x": Uint8Array.from({ length: 900 }, (_, i) => i >> 4),
};

describe("a damaged archive never yields other bytes, and every failure is a data error", () => {
  test.each(["x.zip", "stored.zip", "streamed.zip", "x.tar.gz"])("flipped bytes: %s", async (kind) => {
    const whole = packers[kind]!(sample);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = whole.slice();
        bytes[at]! ^= change;
        await expectSameOrError(kind, bytes);
      }),
      { numRuns: 300 },
    );
  });

  test.each(kinds)("cut off: %s", async (kind) => {
    const whole = packers[kind]!(sample);
    // Tar is filled up with zeros, which nobody misses.
    const needed = kind === "x.tar" ? whole.findLastIndex((byte) => byte !== 0) + 1 : whole.length;
    await fc.assert(
      fc.asyncProperty(fc.nat(needed - 1), async (length) => {
        const bytes = whole.subarray(0, length);
        const files = await open(kind, bytes).then(contents, expectDataError);
        if (files) expect(Object.keys(files).length).toBeLessThan(2);
      }),
      { numRuns: 200 },
    );
  });

  test("any bytes at all: x.tar", async () => {
    const whole = packers["x.tar"]!(sample);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), async (at, junk) => {
        const bytes = whole.slice();
        bytes.set(junk.subarray(0, bytes.length - at), at);
        await open("x.tar", bytes).then(contents, expectDataError);
      }),
      { numRuns: 300 },
    );
  });

  async function expectSameOrError(kind: string, bytes: Uint8Array): Promise<void> {
    const files = await open(kind, bytes).then(contents).catch(expectDataError);
    // Names have no checksum in a zip.
    if (files) for (const [i, data] of Object.values(files).entries()) expect(data).toEqual(Object.values(sample)[i]);
  }

  function expectDataError(error: unknown): undefined {
    expect(error).toBeInstanceOf(SupernetError);
    expect(error).toMatchObject({ code: "data" });
  }
});

test("damage is told with the name of the archive and of the file", async () => {
  const zip = packers["stored.zip"]!(sample);
  expect(await dataError(open("p.zip", zip.subarray(0, zip.length - 1)))).toBe(
    "p.zip is damaged: its end is missing; download or pack it again",
  );
  const flipped = zip.slice();
  flipped[100]! ^= 1;
  const [cat] = await open("p.zip", flipped);
  expect(await dataError(cat!.read())).toBe(
    "p.zip is damaged: d/cat.x is not what was packed; download or pack it again",
  );
  const tar = packers["x.tar"]!(sample);
  expect(await dataError(open("p.tar", tar.subarray(0, 700)))).toBe(
    "p.tar is damaged: it ends inside d/cat.x; download or pack it again",
  );
  expect(await dataError(open("p.tgz", packers["x.tar.gz"]!(sample).subarray(0, 99)))).toBe(
    "p.tgz is damaged: it is not a complete gzip file; download or pack it again",
  );
});

test("paths that lead out are refused, in every kind of archive", async () => {
  const hostile = ["../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "C:/x.jpg", "..\\x.jpg"];
  for (const path of hostile) {
    const message = `has an entry that leads out of it, ${JSON.stringify(path)}; do not trust it`;
    expect(await dataError(open("p.zip", zipSync({ [path]: new Uint8Array(3) })))).toContain(`p.zip ${message}`);
    expect(await dataError(open("p.tar", rawTar(path)))).toContain(`p.tar ${message}`);
  }
  const windows = await open(
    "p.zip",
    zipSync({ "pets\\cat\\1.jpg": new Uint8Array(3), "./pets//b.jpg": new Uint8Array(3) }),
  );
  expect(windows.map(({ path }) => path)).toEqual(["pets/cat/1.jpg", "pets/b.jpg"]);
});

/** nanotar cleans names; this writes what an attacker writes. */
function rawTar(path: string, size = 0): Uint8Array {
  const tar = createTar([{ name: "x", data: new Uint8Array() }]);
  tar.fill(0, 0, 100).set(new TextEncoder().encode(path));
  tar.set(new TextEncoder().encode(`${size.toString(8).padStart(11, "0")}\0`), 124);
  return seal(tar);
}

/** With the checksum of what its first header now says. */
function seal(tar: Uint8Array): Uint8Array {
  tar.fill(32, 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return tar;
}

describe("bombs", () => {
  const limits = { entries: 3, bytes: 50_000, ratio: 10, ratioFrom: 20_000 };
  const zeros = (length: number) => new Uint8Array(length);
  const rng = new Rng(1, STREAMS.shapes);
  const noise = Uint8Array.from({ length: 30_000 }, () => rng.word());

  test("too many files, too many bytes, too high a ratio", async () => {
    for (const kind of ["x.zip", "x.tar.gz"]) {
      const pack = packers[kind]!;
      const many = Object.fromEntries([1, 2, 3, 4].map((i) => [`${i}.jpg`, zeros(1)]));
      expect(await dataError(open(kind, pack(many), limits))).toBe(
        `${kind} holds more than 3 files; unpack it and import a part of the folder`,
      );
      expect(await dataError(open(kind, pack({ a: noise, b: noise.map((v) => v ^ 85) }), limits))).toContain(
        "holds more than 0 MiB; unpack it",
      );
      expect(await dataError(open(kind, pack({ a: zeros(40_000) }), limits))).toBe(
        `${kind} unpacks to more than 10 times its size, which images never do; unpack it and import the folder`,
      );
      expect(await open(kind, pack({ a: zeros(5_000), b: noise.subarray(0, 9000) }), limits)).toHaveLength(2);
    }
  });

  test("a zip entry that unpacks to more than it declares is cut off there and refused", async () => {
    const zip = zipSync({ "a.x": zeros(100_000) });
    const view = new DataView(zip.buffer, zip.byteOffset);
    const central = zip.length - 22 - 46 - 3;
    expect(view.getUint32(central, true)).toBe(0x02014b50);
    view.setUint32(central + 24, 10, true);
    const [entry] = await open("p.zip", zip);
    expect(entry!.size).toBe(10);
    expect(await dataError(entry!.read())).toContain("p.zip is damaged: a.x");
  });

  test("a tar that declares more than it has", async () => {
    expect(await dataError(open("p.tar", rawTar("a.x", 0o7777777)))).toContain("p.tar is damaged: it ends inside a.x");
  });
});

test("what cannot be read is told with the remedy", async () => {
  const encrypted = zipSync(sample);
  const central = new DataView(encrypted.buffer, encrypted.byteOffset).getUint32(encrypted.length - 6, true);
  encrypted[central + 8]! |= 1;
  expect(await dataError(open("p.zip", encrypted))).toBe(
    "p.zip is encrypted (d/cat.x); unpack it with its password and import the folder",
  );
  const lzma = zipSync(sample);
  lzma[central + 10] = 14;
  expect(await dataError(open("p.zip", lzma))).toBe(
    'p.zip packs d/cat.x with method 14, which is not supported; pack it again with "deflate"',
  );
  const of = (...bytes: number[]) => Uint8Array.from([...bytes, 0, 0, 0, 0]);
  expect(await dataError(open("p.7z", of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c)))).toBe(
    "p.7z is an archive of the kind 7z, which cannot be read here; unpack it and import the folder, or pack it as zip or tar.gz",
  );
  expect(await dataError(open("p.rar", new TextEncoder().encode("Rar!\x1a\x07")))).toContain(
    "p.rar is an archive of the kind RAR",
  );
  expect(await dataError(open("p.tar.xz", of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)))).toContain(
    "p.tar.xz is an archive of the kind xz",
  );
  expect(await dataError(open("p.gz", gzipSync(strToU8("hello"))))).toContain(
    "p.gz is a gzip file with no tar archive in it",
  );
  expect(await dataError(open("p.zip", strToU8("hello")))).toBe(
    "p.zip is damaged: it does not begin as an archive of its name does; download or pack it again",
  );
  expect(await openArchive({ path: "cat.jpg", blob: blobOf(of(0xff, 0xd8, 0xff)) })).toBeUndefined();
});

test("long names: pax records, GNU's long links and the prefix of ustar", async () => {
  const long = `${"folder/".repeat(20)}a.jpg`;
  const data = (text: string) => new TextEncoder().encode(text);
  const record = (text: string) => {
    const length = text.length + 5;
    return `${length} ${text}\n`;
  };
  const typed = (tar: Uint8Array, type: string) => {
    tar[156] = type.charCodeAt(0);
    return seal(tar).subarray(
      0,
      512 * (1 + Math.ceil(Number.parseInt(new TextDecoder().decode(tar.subarray(124, 135)), 8) / 512)),
    );
  };
  const one = (name: string, text: string) => createTar([{ name, data: data(text) }]);
  const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const pax = join(typed(one("h", record(`path=${long}`)), "x"), one("short", "pax"));
  const gnu = join(typed(one("h", `${long}\0`), "L"), one("short", "gnu"));
  const ustar = one("a.jpg", "ustar");
  ustar.set(data("folder/in/front"), 345);
  const links = join(typed(one("link", ""), "2"), typed(ustar, "0"));
  const read = async (tar: Uint8Array) =>
    Object.fromEntries(
      Object.entries(await contents(await open("p.tar", tar))).map(([k, v]) => [k, new TextDecoder().decode(v)]),
    );
  expect(await read(pax)).toEqual({ [long]: "pax" });
  expect(await read(gnu)).toEqual({ [long]: "gnu" });
  expect(await read(links)).toEqual({ "folder/in/front/a.jpg": "ustar" });
});
