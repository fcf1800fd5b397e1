import { SupernetError } from "../../errors.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import { crc32 } from "../crc32.ts";

/** Step of the split stream; the first two divide training images during a run. */
const TEST_STEP = 2;

/** A network has nothing to learn from less. */
const FEWEST_IMAGES = 20;
const FEWEST_OF_A_CLASS = 2;
const MOST_CLASSES = 1000;

type Skipped = readonly { readonly path: string; readonly reason: string }[];

/** The classes of an import and where they come from, for messages. */
export interface ClassList {
  readonly classes: readonly string[];
  /** The folder or archive that holds the class folders. */
  readonly place: string;
}

/** How many labels there are of each class. */
export function countLabels(classes: number, labels: Iterable<number>): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/**
 * Checks that images make a data set: at least two classes, at most 1000; two images of each, 20 in all.
 *
 * @param counts images of each class
 * @param skipped files that were left out, of which a message tells the first where it may be why images are missing
 * @throws SupernetError("data") naming the folder and the remedy
 */
export function checkCounts({ classes, place }: ClassList, counts: readonly number[], skipped: Skipped = []): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const except = leftOut(skipped);
  if (total === 0) {
    throw wrong(
      `${place} holds no images in class folders${except}; put the images of each class into a folder of its own, as in ` +
        "cat/1.jpg and dog/1.jpg",
    );
  }
  if (classes.length === 1) {
    throw wrong(
      `${place} holds a single class, '${classes[0]}'${except}; add a folder of images for each further class`,
    );
  }
  if (classes.length > MOST_CLASSES) {
    throw wrong(`${place} holds ${classes.length} class folders; at most ${MOST_CLASSES} are supported: remove some`);
  }
  const few = counts.findIndex((count) => count < FEWEST_OF_A_CLASS);
  if (few >= 0) {
    const name = classes[few]!;
    throw wrong(
      `${place}/${name} holds ${counted(counts[few]!)}${leftOut(skipped.filter(({ path }) => path.split("/").includes(name)))}; ` +
        `a class needs ${FEWEST_OF_A_CLASS}, one to train and one to test: add images or remove the folder`,
    );
  }
  if (total < FEWEST_IMAGES) {
    throw wrong(`${place} holds ${counted(total)} in all${except}; at least ${FEWEST_IMAGES} are needed: add images`);
  }
}

/**
 * Divides images into those that train and those that test. Where the folders say it for some of each kind, they are
 * followed; else `testShare` of each class tests, at least one image and never all, drawn by the name of the data set.
 *
 * @param images class of each image, and what its folders say
 * @param options.testShare above 0 and below 1
 * @returns numbers of images, ascending
 * @throws SupernetError("data") for a class that has no training images
 */
export function splitImages(
  images: readonly { readonly label: number; readonly split?: "train" | "test" }[],
  { classes, place, name, testShare }: ClassList & { readonly name: string; readonly testShare: number },
): { train: number[]; test: number[] } {
  const all = [...images.keys()];
  // Images of a class folder that has no train and test folders, while others have them, train.
  const test = all.filter((image) => images[image]!.split === "test");
  const train = all.filter((image) => images[image]!.split !== "test");
  const given = test.length > 0 && train.some((image) => images[image]!.split === "train");
  if (!given) return drawTest(images, classes.length, name, testShare);

  for (const [label, className] of classes.entries()) {
    if (train.some((image) => images[image]!.label === label)) continue;
    throw wrong(`${place} has images of class '${className}' to test but none to train; add some to its train folder`);
  }
  return { train, test };
}

function drawTest(images: readonly { readonly label: number }[], classes: number, name: string, testShare: number) {
  const byClass = Array.from({ length: classes }, (): number[] => []);
  for (const [image, { label }] of images.entries()) byClass[label]!.push(image);
  const rng = new Rng(crc32(new TextEncoder().encode(name)), STREAMS.split, TEST_STEP);
  const test = new Set<number>();
  for (const members of byClass) {
    const count = Math.min(members.length - 1, Math.max(1, Math.round(members.length * testShare)));
    for (const place of rng.permutation(members.length).subarray(0, Math.max(0, count))) test.add(members[place]!);
  }
  const all = [...images.keys()];
  return { train: all.filter((image) => !test.has(image)), test: all.filter((image) => test.has(image)) };
}

function counted(count: number): string {
  return count === 1 ? "1 usable image" : `${count} usable images`;
}

function leftOut([first, ...others]: Skipped): string {
  if (!first) return "";
  const count = others.length === 0 ? "1 file was left out" : `${others.length + 1} files were left out, the first`;
  return ` (${count}: ${first.path} ${first.reason})`;
}

function wrong(message: string): SupernetError {
  return new SupernetError("data", message);
}
