import { zipSync } from "fflate";
import { createTarGzip } from "nanotar";
import { describe, expect, test } from "vitest";
import { openArchive } from "../../../../src/data/archive/open.ts";
import type { DatasetIo } from "../../../../src/data/dataset.ts";
import { loadDataset } from "../../../../src/data/load.ts";
import type { ImportHost } from "../../../../src/data/own/decode-all.ts";
import { importImages } from "../../../../src/data/own/import.ts";
import { unpackDataset } from "../../../../src/data/own/pack.ts";
import type { ImportRequest } from "../../../../src/worker/protocol.ts";
import { blobOf, dataError } from "../archive/support.ts";

// Files that begin as GIF files do, and say in their next byte what they look like. Real decoding is tested in a browser.
const gif = (value: number, ...more: number[]) =>
  Uint8Array.from([...new TextEncoder().encode("GIF89a\x08\0\x08\0"), value, ...more]);

/** All pixels (value, value + 1, value + 2), transparent. A value of 255 cannot be decoded. */
const decode: ImportHost["decode"] = async (image, size) => {
  const value = new Uint8Array(await image.arrayBuffer())[10]!;
  if (value === 255) throw new Error("cannot be decoded: it is cut off");
  return Uint8ClampedArray.from({ length: size * size * 4 }, (_, i) => (i % 4 === 3 ? 7 : value + (i % 4)));
};

type Files = Record<string, Uint8Array>;

const filesOf = (files: Files) => Object.entries(files).map(([path, bytes]) => ({ path, blob: blobOf(bytes) }));
const importFiles = (files: Files, more: Partial<ImportRequest> = {}, host: Partial<ImportHost> = {}) =>
  importImages({ name: "pets", size: 8, ...more, files: more.files ?? filesOf(files) }, { decode, ...host });

/** `cats` and `dogs` images below `pets`; cats are dark, dogs light. */
function pets(cats: number, dogs: number, prefix = "pets/"): Files {
  const files: Files = {};
  for (let i = 0; i < cats; i++) files[`${prefix}cat/${i}.gif`] = gif(i);
  for (let i = 0; i < dogs; i++) files[`${prefix}dog/${i}.gif`] = gif(100 + i);
  return files;
}

test("a folder of class folders becomes a data set that a conf can name", async () => {
  const progress: [number, number][] = [];
  const files = {
    ...pets(15, 10),
    "pets/readme.txt": gif(1),
    "pets/cat/bad.gif": gif(255),
    "pets/dog/no.jpg": new TextEncoder().encode("hi"),
  };
  const { dataset, report } = await importFiles(files, {}, { onProgress: (...args) => progress.push(args) });
  expect(report).toMatchObject({
    name: "pets",
    classes: ["cat", "dog"],
    size: 8,
    channels: 3,
    train: [12, 8],
    test: [3, 2],
    skipped: [
      { path: "pets/readme.txt", reason: "is no image by its name (.txt)" },
      { path: "pets/cat/bad.gif", reason: "cannot be decoded: it is cut off" },
      { path: "pets/dog/no.jpg", reason: expect.stringContaining("is a text and no image") },
    ],
  });
  expect(report.samples.map(({ label }) => label)).toEqual([...Array(12).fill(0), ...Array(8).fill(1)]);
  expect([progress[0], progress.at(-1)]).toEqual([
    [0, 27],
    [27, 27],
  ]);

  const stored: Record<string, Uint8Array<ArrayBuffer>> = { "root/pets.supernet": dataset };
  const io: DatasetIo = {
    exists: async (path) => path in stored,
    read: async (path) => stored[path]!,
  };
  const loaded = await loadDataset({ name: "pets", dataroot: "root/", n_classes: 2, channels: 3 }, io);
  expect(loaded).toMatchObject({
    name: "pets",
    classes: ["cat", "dog"],
    channels: 3,
    height: 8,
    width: 8,
    trainTransform: { pad: 1, flip: true },
    source: "root/pets.supernet: 20 training images, 5 test images",
  });
  for (const { images, labels, count } of [loaded.train, loaded.test]) {
    for (let i = 0; i < count; i++) {
      const [r, g, b] = images.subarray(i * 192, i * 192 + 3);
      expect(labels[i]).toBe(r! < 100 ? 0 : 1);
      expect([g, b]).toEqual([r! + 1, r! + 2]);
    }
  }
  expect(await dataError(loadDataset({ name: "pets", dataroot: "root", n_classes: 3 }, io))).toBe(
    "dataset.n_classes is 3, but data set 'pets' has 2; set dataset.n_classes to 2",
  );
  expect(await dataError(loadDataset({ name: "shaps", dataroot: "root" }, io))).toBe(
    "dataset.name: no data set 'shaps'; did you mean 'shapes'? An imported one would be root/shaps.supernet, which is not there.",
  );
  stored["root/dogs.supernet"] = dataset;
  expect(await dataError(loadDataset({ name: "dogs", dataroot: "root" }, io))).toBe(
    "root/dogs.supernet holds the data set 'pets'; rename the file to pets.supernet or set dataset.name",
  );
});

test("the same files make the same bytes, as a folder, a zip or a tar.gz, in any order, however many are decoded at once", async () => {
  const files = pets(13, 12);
  const { dataset } = await importFiles(files);
  const turned = Object.fromEntries(Object.entries(files).reverse());
  const tar = await createTarGzip(Object.entries(turned).map(([name, data]) => ({ name, data })));
  let active = 0;
  let most = 0;
  const slow: ImportHost["decode"] = async (image, size) => {
    most = Math.max(most, ++active);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    active--;
    return decode(image, size);
  };
  for (const concurrency of [1, 3]) {
    most = 0;
    for (const given of [turned, { "p.zip": zipSync(turned) }, { ".DS_Store": gif(0), "p.tar.gz": tar }]) {
      expect((await importFiles(given, {}, { decode: slow, concurrency })).dataset).toEqual(dataset);
    }
    expect(most).toBe(concurrency);
  }
});

test("train and test folders are followed", async () => {
  const { report } = await importFiles({ ...pets(10, 10, "p/train/"), ...pets(1, 2, "p/test/") });
  expect(report).toMatchObject({ train: [10, 10], test: [1, 2] });
});

describe("what makes no data set is told", () => {
  const bad = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`pets/${i % 2 ? "cat" : "dog"}/${i}.gif`, gif(255)]));

  test("images", async () => {
    expect({
      nothing: await dataError(importFiles({})),
      loose: await dataError(importFiles({ "a.gif": gif(1), "b.gif": gif(2) })),
      texts: await dataError(importFiles({ "p/a/b.txt": gif(1), "p/c/d.txt": gif(2) })),
      single: await dataError(importFiles(pets(30, 0))),
      singleZip: await dataError(importFiles({ "p.zip": zipSync(pets(30, 0)) })),
      few: await dataError(importFiles(pets(4, 5))),
      fewLeft: await dataError(importFiles({ ...pets(10, 9), ...bad(12) })),
      oneOfAClass: await dataError(importFiles({ ...pets(30, 1), "pets/dog/x.gif": gif(255) })),
      allFail: await dataError(importFiles(bad(20))),
      archives: await dataError(importFiles({ "cat.zip": gif(1), "dog.zip": gif(2) })),
      damaged: await dataError(importFiles({ "p.zip": zipSync(pets(20, 20)).subarray(0, 500) })),
    }).toMatchInlineSnapshot(`
      {
        "allFail": "pets: none of 20 images can be read; the first, pets/cat/1.gif, cannot be decoded: it is cut off",
        "archives": "pets holds no images in class folders (2 files were left out, the first: cat.zip is an archive among other files; import it on its own); put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
        "damaged": "p.zip is damaged: its end is missing; download or pack it again",
        "few": "pets holds 9 usable images in all; at least 20 are needed: add images",
        "fewLeft": "pets holds 9 usable images in all (12 files were left out, the first: pets/cat/1.gif cannot be decoded: it is cut off); at least 20 are needed: add images",
        "loose": "pets holds no images in class folders (2 files were left out, the first: a.gif is in no class folder); put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
        "nothing": "pets holds no images in class folders; put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
        "oneOfAClass": "pets/dog holds 1 usable image (1 file was left out: pets/dog/x.gif cannot be decoded: it is cut off); a class needs 2, one to train and one to test: add images or remove the folder",
        "single": "pets holds a single class, 'cat'; add a folder of images for each further class",
        "singleZip": "p.zip/pets holds a single class, 'cat'; add a folder of images for each further class",
        "texts": "pets holds no images in class folders (2 files were left out, the first: p/a/b.txt is no image by its name (.txt)); put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
      }
    `);
  });

  test("a damaged entry of an archive ends the import; a file that cannot be read does not", async () => {
    const zip = zipSync(pets(15, 15), { level: 0 });
    zip[40 + "pets/cat/0.gif".length]! ^= 1;
    expect(await dataError(importFiles({ "p.zip": zip }))).toBe(
      "p.zip is damaged: pets/cat/0.gif is not what was packed; download or pack it again",
    );
    const gone = {
      path: "pets/cat/gone.gif",
      blob: {
        size: 9,
        slice: () => ({ arrayBuffer: () => Promise.reject(new Error("it is gone")) }),
      } as unknown as Blob,
    };
    const { report } = await importFiles({}, { files: [...filesOf(pets(15, 15)), gone] });
    expect(report.skipped).toEqual([{ path: "pets/cat/gone.gif", reason: "cannot be read: it is gone" }]);
  });

  test("requests", async () => {
    const files = pets(15, 15);
    const messages: string[] = [];
    for (const name of ["", "My pets", "../x", "a".repeat(65), "shapes", "pets_toy"])
      messages.push(await dataError(importFiles(files, { name })));
    for (const size of [0, 33, 512, 8.5, Number.NaN]) messages.push(await dataError(importFiles(files, { size })));
    for (const testShare of [0, 1, -1, Number.NaN]) messages.push(await dataError(importFiles(files, { testShare })));
    expect(messages.map((message) => message.replace(/a{65}/, "a…"))).toMatchInlineSnapshot(`
      [
        """ is no name for a data set; use up to 64 lower-case letters, digits, - and _, such as "pets"",
        ""My pets" is no name for a data set; use up to 64 lower-case letters, digits, - and _, such as "pets"",
        ""../x" is no name for a data set; use up to 64 lower-case letters, digits, - and _, such as "pets"",
        ""a…" is no name for a data set; use up to 64 lower-case letters, digits, - and _, such as "pets"",
        ""shapes" is the name of something built in; choose another name for the data set",
        ""pets_toy" is the name of something built in; choose another name for the data set",
        "images cannot be resized to 0 pixels; choose a multiple of 4 from 8 to 256",
        "images cannot be resized to 33 pixels; choose a multiple of 4 from 8 to 256",
        "images cannot be resized to 512 pixels; choose a multiple of 4 from 8 to 256",
        "images cannot be resized to 8.5 pixels; choose a multiple of 4 from 8 to 256",
        "images cannot be resized to NaN pixels; choose a multiple of 4 from 8 to 256",
        "the share of test images is 0; it must be above 0 and below 1",
        "the share of test images is 1; it must be above 0 and below 1",
        "the share of test images is -1; it must be above 0 and below 1",
        "the share of test images is NaN; it must be above 0 and below 1",
      ]
    `);
  });
});

test("an import can be given up, and then reads nothing more", async () => {
  const stop = new AbortController();
  let decoded = 0;
  const importing = importFiles(
    pets(50, 50),
    {},
    {
      signal: stop.signal,
      concurrency: 2,
      decode: async (image, size) => {
        if (++decoded === 10) stop.abort(new Error("given up"));
        return decode(image, size);
      },
    },
  );
  await expect(importing).rejects.toThrow("given up");
  const then = decoded;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(decoded).toBe(then);
  expect(decoded).toBeLessThan(13);
});

describe("CIFAR-10's binary files", () => {
  const records = (first: number, count: number) =>
    Uint8Array.from({ length: count * 3073 }, (_, i) =>
      i % 3073 === 0 ? (first + i / 3073) % 10 : (i % 3073) + first,
    );
  const meta = new TextEncoder().encode("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");

  test("with and without the test file, in a folder or the official archive", async () => {
    const train = {
      "c/data_batch_1.bin": records(0, 40),
      "c/data_batch_2.bin": records(5, 10),
      "c/batches.meta.txt": meta,
    };
    const { report, dataset } = await importFiles(
      { ...train, "c/readme.html": meta, "c/test_batch.bin": records(1, 10) },
      { size: 32 },
    );
    expect(report).toMatchObject({ size: 32, train: Array(10).fill(5), test: Array(10).fill(1) });
    expect(report.classes.join("")).toBe("abcdefghij");
    expect(report.skipped).toEqual([
      { path: "c/readme.html", reason: "is beside CIFAR-10 binary files and none of them" },
    ]);
    const { train: images } = unpackDataset(dataset, "x");
    expect([...images.images.subarray(0, 3)]).toEqual([1, 1 + 1024, 1 + 2048].map((value) => value & 255));

    const tar = await createTarGzip(Object.entries(train).map(([name, data]) => ({ name, data })));
    const packed = await importFiles({ "cifar-10-binary.tar.gz": tar }, { size: 32 });
    expect(packed.report).toMatchObject({ train: Array(10).fill(4), test: Array(10).fill(1) });
  });

  test("errors", async () => {
    const files = { "data_batch_1.bin": records(0, 40) };
    expect(await dataError(importFiles(files, { size: 64 }))).toBe(
      "pets holds binary files of 32x32 images, which are not resized; import them with size 32",
    );
    const cut = { "c/data_batch_1.bin": records(0, 40).subarray(0, 5000) };
    expect(await dataError(importFiles(cut, { size: 32 }))).toBe(
      "c/data_batch_1.bin is 5000 bytes long, which is not a whole number of 3073-byte records; copy or download it again",
    );
  });
});

test("only files whose names say so are opened as archives when they are none", async () => {
  expect(await openArchive({ path: "cat.gif", blob: blobOf(gif(1)) })).toBeUndefined();
});
