import { expect, test } from "vitest";
import { algorithms, findAlgorithm } from "../../../src/algos/index.ts";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import type { Dataset, Split } from "../../../src/data/dataset.ts";
import { SupernetError } from "../../../src/errors.ts";
import { readText } from "../../../src/host/node/files.ts";
import { type Algorithm, searches } from "../../../src/nas/algorithm.ts";
import { checkDataset } from "../../../src/nas/check-dataset.ts";
import { checkAlgorithm } from "../../../src/nas/compatibility.ts";
import { PHASES, type Phase } from "../../../src/nas/phase.ts";

// Which algorithms, finalizers and data sets work together with the paper's settings; the rest is refused before training.

const FINALIZERS = ["default", "random", "mi", "mi_ranked"] as const;

interface Kind {
  readonly size: number;
  readonly channels?: number;
  readonly classes?: number;
  readonly images?: number;
  readonly args?: readonly string[];
}

const NO_TOWER = ["--nas.eval.model_desc.aux_weight", "0.0"];

const KINDS: Readonly<Record<string, Kind>> = {
  "32x32": { size: 32 },
  "28x28 grey": { size: 28, channels: 1 },
  "28x28, no tower": { size: 28, args: NO_TOWER },
  "30x30, no tower": { size: 30, args: NO_TOWER },
  "few images": { size: 32, images: 40 },
};

async function confOf(algo: string, { args = [], channels = 3, classes = 10 }: Kind): Promise<ExperimentConf> {
  const { tree, places } = await loadConfig(`confs/algos/${algo}.yaml;confs/datasets/shapes.yaml`, {
    files: { read: readText },
    args: ["--dataset.n_classes", `${classes}`, "--dataset.channels", `${channels}`, ...args],
  });
  return parseExperimentConf(tree, places);
}

/** Black images: what they show is not looked at. */
function blank({ size, channels = 3, classes = 10, images = 400 }: Kind): Dataset {
  const split = (count: number): Split => ({
    images: new Uint8Array(count * size * size * channels),
    labels: Uint32Array.from({ length: count }, (_, index) => index % classes),
    count,
  });
  return {
    ...{ name: "images", source: "", channels, height: size, width: size },
    classes: Array.from({ length: classes }, (_, index) => `${index}`),
    mean: Array(channels).fill(0),
    std: Array(channels).fill(1),
    trainTransform: { pad: 0, flip: false },
    train: split(images),
    test: split(20),
  };
}

/** What a person may set that the images, or the two phases together, do not allow. */
test.each([
  [
    "darts",
    "--nas.search.loader.val_ratio 0.0",
    "search: a search needs images that drive the alphas; set nas.search.loader.val_ratio above 0",
  ],
  ["didarts", "--nas.search.loader.val_ratio 0.0", "runs"],
  [
    "darts",
    "--nas.search.model_desc.dataset.n_classes 5",
    "search: nas.search.model_desc.dataset.n_classes is 5 but must be 10, as in the images",
  ],
  [
    "darts",
    "--nas.eval.model_desc.dataset.channels 1",
    "evaluation: nas.eval.model_desc.dataset.channels is 1 but must be 3, as in the images",
  ],
  [
    "darts",
    "--nas.search.model_desc.n_reductions 0",
    "evaluation: the template has no reduction cell but the conf asks for some; set n_reductions to what the template was " +
      "searched with",
  ],
  [
    "darts",
    "--nas.eval.trainer.batch_chunks 7",
    "evaluation: a batch of 96 images does not divide into trainer.batch_chunks 7; change loader.train_batch or batch_chunks",
  ],
  [
    "darts",
    "--nas.search.post_train.trainer.epochs 1 --nas.search.post_train.loader.val_ratio 0.999",
    "search: loader.val_ratio 0.999 of 400 images leaves none to train; raise dataset.max_batches or change loader.val_ratio",
  ],
  [
    "petridish",
    "--nas.eval.model_desc.n_cells 1",
    "evaluation: 1 reductions need at least 3 cells (one between every two, first and last) but n_cells is 1; raise n_cells " +
      "or lower n_reductions",
  ],
  [
    "divnas",
    "--nas.search.divnas.archtrainer noalpha",
    'nas.search.finalizer "mi_ranked" ranks ops by their alphas, and with nas.search.divnas.archtrainer "noalpha" there are ' +
      'none; set the finalizer to mi or random, or archtrainer to "bilevel"',
  ],
  [
    "divnas",
    "--nas.search.divnas.archtrainer noalpha --nas.search.finalizer mi --nas.search.loader.val_ratio 0.0",
    "runs",
  ],
  [
    "darts",
    "--nas.eval.model_desc.n_cells 40 --nas.eval.model_desc.n_reductions 6",
    "evaluation: op skip_connect at cells.34.dag.0.0._wrapped._op halves the image and needs even height and width but got " +
      "1x1; choose an input size or number of reductions that keeps sizes even",
  ],
])("%s with %s", async (algo, args, expected) => {
  const kind: Kind = { size: 32, args: args.split(" ") };
  const found = verdict(findAlgorithm(algo), await confOf(algo, kind), blank(kind));
  expect(found.replace(/^the (search|evaluation) cannot use images, 32x32x3/, "$1")).toBe(expected);
});

/** "runs", or why not. */
function verdict(algorithm: Algorithm, conf: ExperimentConf, dataset: Dataset): string {
  try {
    checkAlgorithm(algorithm, conf);
    const phases: readonly Phase[] = searches(algorithm) ? PHASES : ["eval"];
    for (const phase of phases) checkDataset(dataset, phase, { algorithm, conf, phases });
    return "runs";
  } catch (error) {
    if (error instanceof SupernetError) return error.message;
    throw error;
  }
}

/** A line for each algorithm and finalizer, a column for each data set; reasons by number. */
async function matrix(): Promise<string> {
  const reasons: string[] = [];
  const mark = (text: string) => {
    if (text === "runs") return text;
    if (!reasons.includes(text)) reasons.push(text);
    return `[${reasons.indexOf(text) + 1}]`;
  };
  const row = (cells: readonly string[]) =>
    cells
      .map((cell) => cell.padEnd(17))
      .join("")
      .trimEnd();
  const lines = [row(["", "", ...Object.keys(KINDS)])];
  for (const algorithm of algorithms) {
    for (const finalizer of searches(algorithm) ? FINALIZERS : [undefined]) {
      const cells = [algorithm.name, finalizer ?? "no search"];
      for (const kind of Object.values(KINDS)) {
        const conf = await confOf(algorithm.name, kind);
        if (finalizer) conf.nas.search.finalizer = finalizer;
        cells.push(mark(verdict(algorithm, conf, blank(kind))));
      }
      lines.push(row(cells));
    }
  }
  return [...lines, ...reasons.map((reason, index) => `[${index + 1}] ${reason}`)].join("\n");
}

test("what works together, and why the rest does not", async () => {
  expect(await matrix()).toMatchInlineSnapshot(`
    "                                  32x32            28x28 grey       28x28, no tower  30x30, no tower  few images
    darts            default          runs             [1]              runs             [2]              runs
    darts            random           runs             [1]              runs             [2]              runs
    darts            mi               [3]              [3]              [3]              [3]              [3]
    darts            mi_ranked        [4]              [4]              [4]              [4]              [4]
    didarts          default          runs             [1]              runs             [2]              runs
    didarts          random           runs             [1]              runs             [2]              runs
    didarts          mi               [5]              [5]              [5]              [5]              [5]
    didarts          mi_ranked        [6]              [6]              [6]              [6]              [6]
    divnas           default          runs             [1]              runs             [2]              runs
    divnas           random           runs             [1]              runs             [2]              runs
    divnas           mi               runs             [1]              runs             [2]              runs
    divnas           mi_ranked        runs             [1]              runs             [2]              runs
    gs               default          runs             [1]              runs             [2]              runs
    gs               random           runs             [1]              runs             [2]              runs
    gs               mi               [7]              [7]              [7]              [7]              [7]
    gs               mi_ranked        [8]              [8]              [8]              [8]              [8]
    manual           no search        runs             runs             runs             runs             runs
    nasbench101      no search        runs             runs             runs             runs             runs
    petridish        default          runs             [9]              [10]             [11]             runs
    petridish        random           [12]             [12]             [12]             [12]             [12]
    petridish        mi               [13]             [13]             [13]             [13]             [13]
    petridish        mi_ranked        [14]             [14]             [14]             [14]             [14]
    random           default          runs             [1]              runs             [15]             runs
    random           random           [16]             [16]             [16]             [16]             [16]
    random           mi               [17]             [17]             [17]             [17]             [17]
    random           mi_ranked        [18]             [18]             [18]             [18]             [18]
    xnas             default          runs             [1]              runs             [2]              runs
    xnas             random           runs             [1]              runs             [2]              runs
    xnas             mi               [19]             [19]             [19]             [19]             [19]
    xnas             mi_ranked        [20]             [20]             [20]             [20]             [20]
    [1] the evaluation cannot use images, 28x28x1: the aux tower at _aux_towers.13 pools 7x7 pixels with window 5 and stride 3 and needs 2x2 after that; change aux_tower_stride, or set aux_weight to 0 to go without
    [2] the search cannot use images, 30x30x3: op skip_connect at cells.5.dag.0.0._wrapped._ops.2._op halves the image and needs even height and width but got 15x15; choose an input size or number of reductions that keeps sizes even
    [3] darts has no finalizer "mi"; set nas.search.finalizer to default or random
    [4] darts has no finalizer "mi_ranked"; set nas.search.finalizer to default or random
    [5] didarts has no finalizer "mi"; set nas.search.finalizer to default or random
    [6] didarts has no finalizer "mi_ranked"; set nas.search.finalizer to default or random
    [7] gs has no finalizer "mi"; set nas.search.finalizer to default or random
    [8] gs has no finalizer "mi_ranked"; set nas.search.finalizer to default or random
    [9] the search cannot use images, 28x28x1: op skip_connect at cells.5.dag.0.0._wrapped._edges.0.2.1._op halves the image and needs even height and width but got 7x7; choose an input size or number of reductions that keeps sizes even
    [10] the search cannot use images, 28x28x3: op skip_connect at cells.5.dag.0.0._wrapped._edges.0.2.1._op halves the image and needs even height and width but got 7x7; choose an input size or number of reductions that keeps sizes even
    [11] the search cannot use images, 30x30x3: op skip_connect at cells.3.dag.0.0._wrapped._edges.0.2.1._op halves the image and needs even height and width but got 15x15; choose an input size or number of reductions that keeps sizes even
    [12] petridish has no finalizer "random"; set nas.search.finalizer to default
    [13] petridish has no finalizer "mi"; set nas.search.finalizer to default
    [14] petridish has no finalizer "mi_ranked"; set nas.search.finalizer to default
    [15] the evaluation cannot use images, 30x30x3: op skip_connect at cells.13.dag.0.0._wrapped._op halves the image and needs even height and width but got 15x15; choose an input size or number of reductions that keeps sizes even
    [16] random has no finalizer "random"; set nas.search.finalizer to default
    [17] random has no finalizer "mi"; set nas.search.finalizer to default
    [18] random has no finalizer "mi_ranked"; set nas.search.finalizer to default
    [19] xnas has no finalizer "mi"; set nas.search.finalizer to default or random
    [20] xnas has no finalizer "mi_ranked"; set nas.search.finalizer to default or random"
  `);
});
