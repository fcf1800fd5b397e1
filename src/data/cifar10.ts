import { parseTarGzip } from "nanotar";
import { SupernetError } from "../errors.ts";
import type { Dataset, DatasetConf, DatasetIo, Split } from "./dataset.ts";

// The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label byte and three
// 32x32 planes, red, green, blue. The official files hold 10,000 records each; any number is accepted here.
const FOLDER = "cifar-10-batches-bin";
const ARCHIVE = "cifar-10-binary.tar.gz";
const TRAIN_FILES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
const TEST_FILE = "test_batch.bin";
const META_FILE = "batches.meta.txt";

const SIZE = 32;
const PLANE = SIZE * SIZE;
const CHANNELS = 3;
const RECORD = 1 + CHANNELS * PLANE;
const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

// Over the 50,000 official training images; the values that DARTS and Archai use.
const MEAN = [0.49139968, 0.48215827, 0.44653124];
const STD = [0.24703233, 0.24348505, 0.26158768];

const REMEDY =
  `Put ${FOLDER}/ or ${ARCHIVE} (from https://www.cs.toronto.edu/~kriz/cifar.html) into a folder DIR and pass ` +
  "--nas.search.loader.dataset.dataroot DIR (--nas.eval.loader.dataset.dataroot DIR for the evaluation), " +
  "or use the embedded data set: --datasets shapes";

/** One file, wherever it came from; `path` is for messages. */
interface NamedBytes {
  path: string;
  bytes: Uint8Array;
}

/** The files that were found: `get` answers undefined for an absent one. */
interface Files {
  place: string;
  get(name: string): Promise<NamedBytes | undefined>;
}

/**
 * CIFAR-10 from the official binary layout: `dataroot/cifar-10-batches-bin/`, the same files in `dataroot` itself, or
 * `dataroot/cifar-10-binary.tar.gz`. Any non-empty subset of the five training files is accepted; `source` says which.
 *
 * @throws SupernetError("data") naming the file and the remedy
 */
export async function loadCifar10(conf: DatasetConf, io: DatasetIo): Promise<Dataset> {
  const files = await findFiles(conf.dataroot, io);
  const found = await Promise.all(TRAIN_FILES.map((name) => files.get(name)));
  const train = found.filter((file) => file !== undefined);
  const test = await files.get(TEST_FILE);
  if (train.length === 0) throw missing(`${files.place}: none of ${TRAIN_FILES.join(", ")} is there`);
  if (!test) throw missing(`${files.place}: ${TEST_FILE} is not there`);

  const classes = readClasses(await files.get(META_FILE));
  const trainSplit = readRecords(train);
  const testSplit = readRecords([test]);
  const names = train.map((file) => file.path.slice(file.path.lastIndexOf("/") + 1)).join(", ");
  const part = train.length < TRAIN_FILES.length ? ` (${train.length} of ${TRAIN_FILES.length} files: ${names})` : "";
  return {
    name: "cifar10",
    classes,
    channels: CHANNELS,
    height: SIZE,
    width: SIZE,
    mean: MEAN,
    std: STD,
    trainTransform: { pad: 4, flip: true },
    train: trainSplit,
    test: testSplit,
    source: `${files.place}: ${trainSplit.count} training images${part}, ${testSplit.count} test images`,
  };
}

async function findFiles(dataroot: string | undefined, io: DatasetIo): Promise<Files> {
  if (!dataroot) throw missing("cifar10: the conf has no dataset.dataroot");
  const root = dataroot.replace(/\/+$/, "");
  for (const folder of [`${root}/${FOLDER}`, root]) {
    const anyFile = await Promise.all([...TRAIN_FILES, TEST_FILE].map((name) => io.exists(`${folder}/${name}`)));
    if (anyFile.includes(true)) {
      return {
        place: folder,
        async get(name) {
          const path = `${folder}/${name}`;
          return (await io.exists(path)) ? { path, bytes: await io.read(path) } : undefined;
        },
      };
    }
  }
  const archive = `${root}/${ARCHIVE}`;
  if (await io.exists(archive)) return openArchive(archive, await io.read(archive));
  throw missing(`${root}: neither ${FOLDER}/ nor ${ARCHIVE} is there`);
}

async function openArchive(archive: string, compressed: Uint8Array<ArrayBuffer>): Promise<Files> {
  let entries: Map<string, Uint8Array>;
  try {
    const items = await parseTarGzip(compressed, { filter: (item) => /\.(bin|txt)$/.test(item.name) });
    entries = new Map();
    for (const item of items) {
      const bytes = item.data ?? new Uint8Array();
      // A tar cut off inside a file still parses; its last entry is then shorter than its header says.
      if (bytes.length !== item.size) throw new Error(`${item.name} ends after ${bytes.length} of ${item.size} bytes`);
      entries.set(item.name.slice(item.name.lastIndexOf("/") + 1), bytes);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SupernetError("data", `${archive}: not a complete gzip tar (${reason}); download it again. ${REMEDY}`, {
      cause,
    });
  }
  return {
    place: archive,
    get(name) {
      const bytes = entries.get(name);
      return Promise.resolve(bytes && { path: `${archive}/${name}`, bytes });
    },
  };
}

function readClasses(meta: NamedBytes | undefined): string[] {
  if (!meta) return CLASSES;
  const lines = new TextDecoder().decode(meta.bytes).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length !== CLASSES.length) {
    throw damaged(meta.path, `has ${names.length} class names instead of ${CLASSES.length}`);
  }
  return names;
}

/** Joins the records of several files and turns their colour planes into interleaved pixels. */
function readRecords(files: NamedBytes[]): Split {
  for (const { path, bytes } of files) {
    if (bytes.length === 0 || bytes.length % RECORD !== 0) {
      throw damaged(path, `is ${bytes.length} bytes long, which is not a whole number of ${RECORD}-byte records`);
    }
  }
  const count = files.reduce((sum, file) => sum + file.bytes.length / RECORD, 0);
  const images = new Uint8Array(count * CHANNELS * PLANE);
  const labels = new Uint32Array(count);
  let image = 0;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes.length; start += RECORD) {
      const label = bytes[start]!;
      if (label >= CLASSES.length)
        throw damaged(path, `has label ${label} in record ${start / RECORD}; they are 0 to 9`);
      labels[image] = label;
      let to = image * CHANNELS * PLANE;
      for (let red = start + 1; red <= start + PLANE; red++) {
        images[to++] = bytes[red]!;
        images[to++] = bytes[red + PLANE]!;
        images[to++] = bytes[red + 2 * PLANE]!;
      }
      image++;
    }
  }
  return { images, labels, count };
}

function missing(what: string): SupernetError {
  return new SupernetError("data", `${what}. ${REMEDY}`);
}

function damaged(path: string, what: string): SupernetError {
  return new SupernetError("data", `${path} ${what}; copy or download it again. ${REMEDY}`);
}
