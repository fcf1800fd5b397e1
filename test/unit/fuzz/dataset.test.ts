import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCifar10Records } from "../../../src/data/cifar10-records.ts";
import type { DatasetIo } from "../../../src/data/dataset.ts";
import { loadDataset } from "../../../src/data/load.ts";
import { importImages } from "../../../src/data/own/import.ts";
import { packDataset, unpackDataset } from "../../../src/data/own/pack.ts";
import { refusal, sniffImage } from "../../../src/data/own/sniff.ts";
import { png } from "../../browser/images.ts";
import { blobOf } from "../data/archive/support.ts";
import { damagedBytes, outcomes, read, tries } from "./support.ts";

const RECORD = 3073;

/** Records of CIFAR-10 whose label is their number, of one colour. */
const records = (count: number) => Uint8Array.from({ length: count * RECORD }, (_, i) => Math.floor(i / RECORD));

const CIFAR = { "data_batch_1.bin": records(4), "test_batch.bin": records(2) };

/** What a disk holds, below `root/`. */
function disk(files: Readonly<Record<string, Uint8Array>>): DatasetIo {
  return {
    exists: async (path) => Object.hasOwn(files, path),
    read: async (path) => new Uint8Array(files[path]!),
  };
}

describe("CIFAR-10's files", () => {
  /** Cut, longer or with other bytes; in whole records now and then, so that some are read. */
  const batch = fc.oneof(
    damagedBytes(fc.constant(records(2))),
    fc
      .tuple(fc.nat(3), fc.nat(255))
      .map(([count, label]) => records(count).map((byte, i) => (i % RECORD === 0 ? label % 12 : byte))),
  );
  const meta = damagedBytes(fc.constant(new TextEncoder().encode("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n")));

  test("in a folder", () =>
    outcomes(
      fc.tuple(batch, fc.option(meta, { nil: undefined })),
      async ([train, names]) => {
        const files = { ...CIFAR, "data_batch_2.bin": train, ...(names && { "batches.meta.txt": names }) };
        const io = disk(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`root/${name}`, bytes])));
        const dataset = await read(["data"], () => loadDataset({ name: "cifar10", dataroot: "root" }, io));
        if (dataset === undefined) return "refused";
        expect(dataset.classes).toHaveLength(10);
        expect(dataset.train.images).toHaveLength(dataset.train.count * (RECORD - 1));
        expect(dataset.train.labels.every((label) => label < 10)).toBe(true);
        return "read";
      },
      150,
    ));

  test("imported", () =>
    outcomes(
      batch,
      async (train) => {
        const files = Object.entries({
          ...CIFAR,
          "data_batch_2.bin": train,
          "data_batch_3.bin": records(10),
          "data_batch_4.bin": records(10),
        });
        const request = { name: "pets", files: files.map(([path, bytes]) => ({ path, blob: blobOf(bytes) })) };
        const decode = () => Promise.reject(new Error("there is nothing to decode"));
        return (await read(["data"], () => importImages(request, { decode }))) ? "read" : "refused";
      },
      60,
    ));

  test("no file, an empty one, one byte", () => {
    expect(readCifar10Records([])).toMatchObject({ count: 0 });
    for (const length of [0, 1, RECORD - 1, RECORD + 1]) {
      expect(() => readCifar10Records([{ path: "x.bin", bytes: new Uint8Array(length) }])).toThrow(
        `x.bin is ${length} bytes long, which is not a whole number of 3073-byte records; copy or download it again`,
      );
    }
  });
});

describe("an imported data set", () => {
  const split = (count: number) => ({ count, labels: new Uint32Array(count), images: new Uint8Array(count * 12) });
  const file = packDataset({
    ...{ name: "pets", classes: ["cat", "dog"], size: 2, channels: 3 },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.1, 0.2, 0.3], train: split(3), test: split(1), skipped: [] },
  });

  test("damaged anywhere", () =>
    outcomes(
      damagedBytes(fc.constant(file)),
      async (bytes) => {
        const found = await read(["data"], () => unpackDataset(bytes, "pets.supernet"));
        if (found === undefined) return "refused";
        expect(packDataset(found)).toEqual(file);
        return "read";
      },
      500,
    ));

  test("a header that claims more than there is", () => {
    const claim = fc.constantFrom(0, 2, 2 ** 31, 2 ** 32 - 1, file.length, file.length - 20);
    fc.assert(
      fc.property(fc.constantFrom(8, 12, 16), claim, (at, value) => {
        const bytes = file.slice();
        new DataView(bytes.buffer).setUint32(at, value, true);
        expect(() => unpackDataset(bytes, "pets.supernet")).toThrow(/^pets\.supernet .*; import the images again$/);
      }),
      tries(20),
    );
  });

  test("names of data sets that lead elsewhere find nothing", async () => {
    const name = fc.oneof(
      fc.constantFrom("../pets", "/etc/passwd", "__proto__", "constructor", "toString", "", "pets\0"),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(name, async (asked) => {
        const io = disk({ "root/pets.supernet": file });
        const found = await read(["data"], () => loadDataset({ name: asked, dataroot: "root" }, io));
        expect(found?.name ?? "").toBe(asked === "shapes" || asked === "pets" ? asked : "");
      }),
      tries(200),
    );
  });
});

describe("images, before they are decoded", () => {
  const whole = png(2, 2, 16, () => [1, 0, 0, 1]);

  test("any bytes are an image or not, and a size is one", () => {
    const starts = [whole, ...["GIF89a", "BM", "\xff\xd8\xff", "RIFF....WEBPVP8X", "\0\0\0\x1cftypavif"].map(latin1)];
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        damagedBytes(
          fc
            .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }))
            .map(([a, b]) => Uint8Array.of(...a, ...b)),
        ),
        (bytes) => {
          const found = sniffImage(bytes);
          seen.add(found.kind);
          if (found.kind === "image" && found.width !== undefined) {
            expect(Number.isSafeInteger(found.width) && Number.isSafeInteger(found.height)).toBe(true);
          }
          expect(refusal(bytes) ?? "is fine").toMatch(/^is \S/);
        },
      ),
      tries(1000),
    );
    expect(seen).toEqual(new Set(["image", "other"]));
  });

  test.each([
    [1, 1, undefined],
    [20_000, 20_000, "is 20000x20000 pixels large; at most 120 million are decoded: scale it down"],
    [2 ** 31, 2 ** 31, "is 2147483648x2147483648 pixels large; at most 120 million are decoded: scale it down"],
    [0, 1, "is 0x1 pixels large"],
    [120_000_001, 1, "is 120000001x1 pixels large; at most 120 million are decoded: scale it down"],
  ])("a PNG that says it is %i by %i", (width, height, reason) => {
    const bytes = whole.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(16, width);
    view.setUint32(20, height);
    expect(refusal(bytes)).toBe(reason);
  });
});

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
