import { withoutEndSlash } from "../config/paths.ts";
import { SupernetError } from "../errors.ts";
import { gunzip } from "./archive/gunzip.ts";
import { listTar } from "./archive/tar.ts";
import {
  CIFAR10_FILES,
  CIFAR10_SIZE,
  type NamedBytes,
  readCifar10Classes,
  readCifar10Records,
} from "./cifar10-records.ts";
import type { Dataset, DatasetConf, DatasetIo } from "./dataset.ts";

const FOLDER = "cifar-10-batches-bin";
const ARCHIVE = "cifar-10-binary.tar.gz";
const { train: TRAIN_FILES, test: TEST_FILE, meta: META_FILE } = CIFAR10_FILES;

// Over the 50,000 official training images; the values that DARTS and Archai use.
const MEAN = [0.49139968, 0.48215827, 0.44653124];
const STD = [0.24703233, 0.24348505, 0.26158768];

const ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar.html";
const REMEDY =
  `Put ${FOLDER}/ or ${ARCHIVE} (from ${ORIGIN}) into a folder DIR and pass ` +
  "--nas.search.loader.dataset.dataroot DIR (--nas.eval.loader.dataset.dataroot DIR for the evaluation), " +
  "or use the embedded data set: --datasets shapes";

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
  const missing = (what: string) => new SupernetError("data", `${what}. ${remedyOf(io)}`);
  if (!conf.dataroot) throw missing("cifar10: the conf has no dataset.dataroot");
  const root = withoutEndSlash(conf.dataroot);
  const files = await findFiles(root, io);
  if (!files) throw missing(`${root}: neither ${FOLDER}/ nor ${ARCHIVE} is there`);
  const found = await Promise.all(TRAIN_FILES.map((name) => files.get(name)));
  const train = found.filter((file) => file !== undefined);
  const test = await files.get(TEST_FILE);
  if (train.length === 0) throw missing(`${files.place}: none of ${TRAIN_FILES.join(", ")} is there`);
  if (!test) throw missing(`${files.place}: ${TEST_FILE} is not there`);

  const classes = readCifar10Classes(await files.get(META_FILE));
  const trainSplit = readCifar10Records(train);
  const testSplit = readCifar10Records([test]);
  const names = train.map((file) => file.path.slice(file.path.lastIndexOf("/") + 1)).join(", ");
  const part = train.length < TRAIN_FILES.length ? ` (${train.length} of ${TRAIN_FILES.length} files: ${names})` : "";
  return {
    name: "cifar10",
    classes,
    channels: 3,
    height: CIFAR10_SIZE,
    width: CIFAR10_SIZE,
    mean: MEAN,
    std: STD,
    trainTransform: { pad: 4, flip: true },
    train: trainSplit,
    test: testSplit,
    source: `${files.place}: ${trainSplit.count} training images${part}, ${testSplit.count} test images`,
  };
}

/** The files below a folder, as they are or in the archive; undefined where there are none. */
async function findFiles(root: string, io: DatasetIo): Promise<Files | undefined> {
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
  return undefined;
}

async function openArchive(archive: string, compressed: Uint8Array<ArrayBuffer>): Promise<Files> {
  const entries = await listTar(await gunzip(new Blob([compressed]), archive), archive);
  return {
    place: archive,
    async get(name) {
      const entry = entries.find(({ path }) => path === name || path.endsWith(`/${name}`));
      return entry && { path: `${archive}/${name}`, bytes: await entry.read() };
    },
  };
}

function remedyOf({ howToAdd }: DatasetIo): string {
  return howToAdd === undefined
    ? REMEDY
    : `Get ${ARCHIVE} from ${ORIGIN} and ${howToAdd}, or use the embedded data set, shapes`;
}
