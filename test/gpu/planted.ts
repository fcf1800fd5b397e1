import type { Dataset, Split } from "../../src/data/dataset.ts";
import { Rng } from "../../src/random/rng.ts";

const HEIGHT = 8;
const WIDTH = 16;
/** Pixels between those that tell the class. */
const APART = 5;

/**
 * A task that one primitive is needed for, in a network of one cell with one node: `NEEDED`.
 *
 * Every row of an image begins with five random pixels, black or white; each further pixel repeats the one five places to its
 * left ("same"), or is its opposite ("opposite"). Pixels less than five apart are independent in both classes: whoever sees
 * only them sees the same noise. So to be told apart, pixels five apart have to meet before a ReLU.
 *
 * - The stems' 3x3 convolutions see 3 columns; 1x1 convolutions and ReLUs follow.
 * - `max_pool_3x3`, and the first half of `sep_conv_3x3`, see 5 columns: pixels at most four apart.
 * - `sep_conv_5x5` sees 7 columns before the ReLU between its halves.
 * - `dil_conv_3x3` and `dil_conv_5x5` see enough, but nothing except the mean over the image and the linear classifier follows
 *   their convolutions: a sum of means of single columns. Likewise `avg_pool_3x3`, `skip_connect`, and all second halves.
 */
export function plantedDataset(train: number, test: number): Dataset {
  return {
    name: "planted",
    classes: ["same", "opposite"],
    channels: 1,
    height: HEIGHT,
    width: WIDTH,
    mean: [0.5],
    std: [0.5],
    trainTransform: { pad: 0, flip: false },
    train: drawn(train, new Rng(1, 0, 0)),
    test: drawn(test, new Rng(1, 0, 1)),
    source: "drawn",
  };
}

export const NEEDED = "sep_conv_5x5";

function drawn(count: number, rng: Rng): Split {
  const images = new Uint8Array(count * HEIGHT * WIDTH);
  const labels = Uint32Array.from({ length: count }, (_, index) => index % 2);
  for (let at = 0; at < images.length; at++) {
    const opposite = labels[Math.floor(at / (HEIGHT * WIDTH))]!;
    const white = at % WIDTH < APART ? rng.randint(2) : (images[at - APART]! / 255) ^ opposite;
    images[at] = 255 * white;
  }
  return { images, labels, count };
}
