import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTarGzip } from "nanotar";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadDataset } from "../../../src/data/load.ts";
import { nodeDatasetIo } from "../../../src/host/node/dataset-io.ts";
import { dataError } from "./archive/support.ts";

const RECORD = 3073;
const META = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n";
const FOLDER = "cifar-10-batches-bin";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "supernet-cifar-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Records whose label and bytes follow from their number. */
function records(first: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * RECORD);
  for (let r = 0; r < count; r++) {
    bytes[r * RECORD] = (first + r) % 10;
    for (let k = 0; k < 3072; k++) bytes[r * RECORD + 1 + k] = (first + r) * 7 + k * 13;
  }
  return bytes;
}

async function place(files: Record<string, Uint8Array | string>, folder = FOLDER): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (const [name, data] of Object.entries(files)) await writeFile(join(root, folder, name), data);
}

const load = (conf: { dataroot?: string; n_classes?: number } = {}) =>
  loadDataset({ name: "cifar10", dataroot: root, ...conf }, nodeDatasetIo);

test("records become interleaved pixels, labels and class names; a subset of files is said in the source", async () => {
  await place({
    "data_batch_3.bin": records(100, 3),
    "data_batch_1.bin": records(0, 4),
    "test_batch.bin": records(50, 2),
    "batches.meta.txt": META,
  });
  const { train, test, classes, channels, source } = await load();
  expect([train.count, test.count, channels]).toEqual([7, 2, 3]);
  expect([...train.labels]).toEqual([0, 1, 2, 3, 0, 1, 2]);
  expect(classes[3]).toBe("cat");
  // Image 5 is record 101; its pixel (y, x) = (2, 9), channel 1, is byte 1024 + 2 * 32 + 9 of the planes.
  expect(train.images[((5 * 32 + 2) * 32 + 9) * 3 + 1]).toBe((101 * 7 + (1024 + 2 * 32 + 9) * 13) % 256);
  expect(test.images[3071]).toBe((50 * 7 + 3071 * 13) % 256);
  expect(source).toBe(
    `${root}/${FOLDER}: 7 training images (2 of 5 files: data_batch_1.bin, data_batch_3.bin), 2 test images`,
  );
});

test("the files may lie in dataroot itself, and in the official archive", async () => {
  const files = { "data_batch_1.bin": records(0, 2), "test_batch.bin": records(5, 1), "batches.meta.txt": META };
  await place(files, ".");
  const plain = await load();
  await rm(root, { recursive: true });
  await mkdir(root);
  const archive = Object.entries(files).map(([name, data]) => ({ name: `${FOLDER}/${name}`, data }));
  await writeFile(join(root, "cifar-10-binary.tar.gz"), await createTarGzip(archive));
  const packed = await load();
  expect(packed.source).toContain("cifar-10-binary.tar.gz: 2 training images (1 of 5 files: data_batch_1.bin)");
  expect({ ...packed, source: "" }).toEqual({ ...plain, source: "" });
});

test("missing files name the place and the remedy", async () => {
  const remedy = /--nas\.search\.loader\.dataset\.dataroot DIR.*--datasets shapes/s;
  await expectDataError(load(), `${root}: neither ${FOLDER}/ nor cifar-10-binary.tar.gz is there`, remedy);
  await place({ "data_batch_1.bin": records(0, 2) });
  await expectDataError(load(), `${root}/${FOLDER}: test_batch.bin is not there`, remedy);
  await place({ "test_batch.bin": records(0, 2) });
  await rm(join(root, FOLDER, "data_batch_1.bin"));
  await expectDataError(load(), `${root}/${FOLDER}: none of data_batch_1.bin, data_batch_2.bin`, remedy);
  await expectDataError(loadDataset({ name: "cifar10" }, nodeDatasetIo), "the conf has no dataset.dataroot", remedy);
});

test("where files cannot be put into a folder, missing ones name what to do instead", async () => {
  const io = { ...nodeDatasetIo, howToAdd: "drop it on the page" };
  const loading = loadDataset({ name: "cifar10", dataroot: root }, io);
  await expectDataError(
    loading,
    "is there. Get cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html and drop it on the page, or use the embedded data set, shapes",
  );
});

test("what is no file cannot be read", async () => {
  await expect(nodeDatasetIo.read(root)).rejects.toThrow(
    `${root} cannot be read (EISDIR: illegal operation on a directory, read); check the file and its permissions`,
  );
});

test("damaged files are named", async () => {
  const good = { "data_batch_1.bin": records(0, 2), "test_batch.bin": records(0, 2), "batches.meta.txt": META };
  const batch = `${root}/${FOLDER}/data_batch_1.bin`;
  await place({ ...good, "data_batch_1.bin": records(0, 2).subarray(0, 2 * RECORD - 1) });
  await expectDataError(load(), `${batch} is 6145 bytes long, which is not a whole number of 3073-byte records`);
  await place({ ...good, "data_batch_1.bin": "" });
  await expectDataError(load(), `${batch} is 0 bytes long`);
  const wrongLabel = records(0, 2);
  wrongLabel[RECORD] = 10;
  await place({ ...good, "data_batch_1.bin": wrongLabel });
  await expectDataError(load(), `${batch} has label 10 in record 1; they are 0 to 9`);
  await place({ ...good, "batches.meta.txt": "cat\ndog\n" });
  await expectDataError(load(), "batches.meta.txt has 2 class names instead of 10");
});

test("a damaged archive is named", async () => {
  const data = records(0, 40).map((v) => (v * 2654435761) >>> 13); // not compressible to nothing
  const whole = await createTarGzip([{ name: `${FOLDER}/data_batch_1.bin`, data }]);
  const path = join(root, "cifar-10-binary.tar.gz");
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await expectDataError(load(), `${path} is damaged: it is not a complete gzip file; download or pack it again`);
  await writeFile(path, "not a tar");
  await expectDataError(load(), `${path} is damaged: it is not a complete gzip file; download or pack it again`);
});

test("a conf that contradicts the data is told what to set", async () => {
  await place({ "data_batch_1.bin": records(0, 2), "test_batch.bin": records(0, 2) });
  await expectDataError(load({ n_classes: 100 }), "dataset.n_classes is 100, but data set 'cifar10' has 10; set");
});

test("an unknown name lists the known ones", async () => {
  const unknown = loadDataset({ name: "toString" }, nodeDatasetIo);
  await expectDataError(unknown, "no data set 'toString'; there are cifar10, shapes");
});

async function expectDataError(result: Promise<unknown>, text: string, pattern = /./): Promise<void> {
  const message = await dataError(result);
  expect(message).toContain(text);
  expect(message).toMatch(pattern);
}
