import { beforeAll, describe, expect, test } from "vitest";
import { evalAugmentation, trainAugmentation } from "../../src/data/augment.ts";
import { augmentReference } from "../../src/data/augment-reference.ts";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { SupernetError } from "../../src/errors.ts";
import { evaluationFeeds, type LoaderConf, searchFeeds } from "../../src/nas/feeds.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { unpackPlanes } from "../../src/runtime/webgpu/layout.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { Evaluation } from "../../src/train/evaluation.ts";
import type { Feed } from "../../src/train/feed.ts";
import { Network } from "../../src/train/network.ts";
import { testEngine } from "./engine.ts";
import { held, smallFinal } from "./small.ts";

const [HEIGHT, WIDTH, CHANNELS, CLASSES] = [8, 8, 3, 10];
const BYTES = HEIGHT * WIDTH * CHANNELS;
const SEED = 4;
let engine: Engine;

beforeAll(async () => {
  engine = await testEngine();
});

/** Image k is of one colour that no other image has: `[k, first, first + 1]`; its label is k mod 10. */
function numberedImages(count: number, first: number): Split {
  const images = new Uint8Array(count * BYTES);
  for (let at = 0; at < images.length; at += 3) images.set([Math.floor(at / BYTES), first, first + 1], at);
  return { images, labels: Uint32Array.from({ length: count }, (_, k) => k % CLASSES), count };
}

const TRAIN_IMAGES = 100;
const TEST_IMAGES = 43;
const dataset: Dataset = {
  name: "numbered",
  classes: Array.from({ length: CLASSES }, (_, k) => `class ${k}`),
  ...{ channels: CHANNELS, height: HEIGHT, width: WIDTH, mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
  // No padding: a crop would bring in black.
  trainTransform: { pad: 0, flip: true },
  train: numberedImages(TRAIN_IMAGES, 10),
  test: numberedImages(TEST_IMAGES, 20),
  source: "test",
};

interface Loading {
  readonly batch?: number;
  readonly testBatch?: number;
  readonly valRatio?: number;
  readonly maxBatches?: number;
  readonly chunks?: number;
  readonly seed?: number;
  readonly data?: Dataset;
  readonly alphasApart?: boolean;
}

function settings(loading: Loading) {
  const { batch = 8, testBatch = 64, valRatio = 0, maxBatches = -1, chunks = 1, seed = SEED, data = dataset } = loading;
  const { alphasApart = true } = loading;
  const loader = {
    ...{ train_batch: batch, test_batch: testBatch, val_ratio: valRatio, cutout: 0 },
    dataset: { name: data.name, n_classes: CLASSES, max_batches: maxBatches },
  };
  return { engine, dataset: data, loader: loader as LoaderConf, chunks, seed, alphasApart };
}

interface Seen {
  /** Row-major [samples, channels, height, width]. */
  readonly pixels: Float32Array;
  readonly labels: Uint32Array;
  /** Step number and first place in the order, for the reference. */
  readonly step: number;
  readonly start: number;
  readonly valid: number;
}

/** What a feed delivers in one pass, chunk by chunk. */
async function deliver(feed: Feed, epoch: number, purpose: "train" | "validation" = "train"): Promise<Seen[]> {
  const { device, buffers } = engine;
  const uniform = new StepUniform(device, buffers, feed.chunks);
  await feed.prepare(uniform.buffer);
  const seen: Seen[] = [];
  const batches = feed.startPass(epoch);
  for (let batch = 0; batch < batches; batch++) {
    const { start, valid } = feed.select(batch);
    const step = epoch * batches + batch;
    const chunks = Array.from({ length: feed.chunks }, (_, chunk) => chunk * feed.samples);
    uniform.write(
      chunks.map((first) => ({
        seed: SEED,
        step,
        [purpose === "train" ? "batchStart" : "valBatchStart"]: start + first,
      })),
    );
    for (const [chunk, first] of chunks.entries()) {
      const encoder = device.createCommandEncoder();
      uniform.use(encoder, chunk);
      feed.encode(encoder, chunk);
      device.queue.submit([encoder.finish()]);
      const packed = new Float32Array(await engine.read({ buffer: feed.x }));
      seen.push({
        pixels: unpackPlanes(packed, [feed.samples, CHANNELS, HEIGHT, WIDTH]),
        labels: new Uint32Array(await engine.read({ buffer: feed.y })).slice(0, feed.samples),
        step,
        start: start + first,
        valid: Math.min(feed.samples, Math.max(0, valid - first)),
      });
    }
  }
  uniform.dispose();
  return seen;
}

/** Numbers of the images that count, read from their colour, in the order in which they came. */
function imagesIn(seen: readonly Seen[], first: number): number[] {
  return seen.flatMap(({ pixels, labels, valid }) =>
    Array.from({ length: valid }, (_, sample) => {
      const at = (channel: number) => pixels[(sample * CHANNELS + channel) * HEIGHT * WIDTH]!;
      const byte = (channel: number) => 255 * (at(channel) * dataset.std[channel]! + dataset.mean[channel]!);
      const image = Math.round(byte(0));
      expect([byte(0), byte(1), byte(2)].map((value) => value.toFixed(2))).toEqual(
        [image, first, first + 1].map((value) => value.toFixed(2)),
      );
      expect(labels[sample], `label of image ${image}`).toBe(image % CLASSES);
      return image;
    }),
  );
}

const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const range = (count: number) => Array.from({ length: count }, (_, k) => k);

describe("a search", () => {
  test("trains on one part, and drives the alphas and validates with the other", async () => {
    const before = held(engine);
    const feeds = searchFeeds(settings({ valRatio: 0.3, batch: 6, testBatch: 7, chunks: 2 }));
    const train = imagesIn(await deliver(feeds.train, 0), 10);
    const alphas = imagesIn(await deliver(feeds.alphas!, 0, "validation"), 10);
    const validation = imagesIn(await deliver(feeds.validation!, 0), 10);
    expect(feeds.sizes).toEqual({ train: 70, val: 30, test: 0, batch: 6 });
    // 70 images are 11 batches of 6 and 4 more; none comes twice.
    expect(new Set(train).size).toBe(66);
    expect(train).toHaveLength(66);
    expect(ascending(alphas)).toEqual(ascending(validation));
    expect(validation).toHaveLength(30);
    expect(new Set(validation).size).toBe(30);
    const all = new Set([...train, ...validation]);
    expect(all.size).toBe(96);
    // Each class has its share of both parts.
    for (let label = 0; label < CLASSES; label++) {
      expect(validation.filter((image) => image % CLASSES === label)).toHaveLength(3);
    }
    feeds.dispose();
    expect(held(engine)).toEqual(before);
  });

  test("needs no batches for alphas that move with the weights, and no validation part then", async () => {
    const before = held(engine);
    const all = searchFeeds(settings({ valRatio: 0, alphasApart: false }));
    expect([all.alphas, all.validation]).toEqual([undefined, undefined]);
    expect(all.sizes).toEqual({ train: 100, val: 0, test: 0, batch: 8 });
    expect(new Set(imagesIn(await deliver(all.train, 0), 10)).size).toBe(96);
    all.dispose();
    // The part that only validates may be smaller than a training batch.
    const some = searchFeeds(settings({ valRatio: 0.1, batch: 16, alphasApart: false }));
    expect(some.alphas).toBeUndefined();
    expect(some.sizes).toEqual({ train: 90, val: 10, test: 0, batch: 16 });
    expect(imagesIn(await deliver(some.validation!, 0), 10)).toHaveLength(10);
    some.dispose();
    expect(held(engine)).toEqual(before);
  });

  test("without a validation part is an error, and frees what it has made", () => {
    const before = held(engine);
    expect(() => searchFeeds(settings({ valRatio: 0 }))).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: a search needs images that drive the alphas; set nas.search.loader.val_ratio above 0]`,
    );
    expect(() => searchFeeds(settings({ valRatio: 0.5, chunks: 3 }))).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: a batch of 8 images does not divide into trainer.batch_chunks 3; change loader.train_batch or batch_chunks]`,
    );
    expect(() => searchFeeds(settings({ valRatio: 0.5, chunks: 3 }))).toThrow(SupernetError);
    expect(held(engine)).toEqual(before);
  });
});

describe("the order of the images", () => {
  /** Orders of the first three epochs. */
  async function orders(seed: number): Promise<number[][]> {
    const feeds = searchFeeds(settings({ valRatio: 0.5, seed }));
    const passes: number[][] = [];
    for (const epoch of [0, 1, 2]) passes.push(imagesIn(await deliver(feeds.train, epoch), 10));
    passes.push(imagesIn(await deliver(feeds.alphas!, 0, "validation"), 10));
    feeds.dispose();
    return passes;
  }

  test("differs from epoch to epoch, and is the same for the same seed", async () => {
    const first = await orders(1);
    expect(new Set(first.map(String)).size).toBe(4);
    expect(first[0]).not.toEqual(ascending(first[0]!));
    expect(await orders(1)).toEqual(first);
    expect(await orders(2)).not.toEqual(first);
  });

  test("leaves out other images in other epochs", async () => {
    const feeds = evaluationFeeds(settings({ batch: 30 }));
    const passes: number[][] = [];
    for (const epoch of range(8)) passes.push(imagesIn(await deliver(feeds.train, epoch), 10));
    for (const pass of passes) expect(new Set(pass).size).toBe(90);
    expect(ascending([...new Set(passes.flat())])).toEqual(range(TRAIN_IMAGES));
    feeds.dispose();
  });
});

describe("an evaluation", () => {
  test.each([
    { name: "a partial last batch", loading: { batch: 16, testBatch: 16 } },
    { name: "whole batches", loading: { batch: 43, testBatch: 43 } },
    { name: "one batch larger than the set", loading: { batch: 64, testBatch: 64 } },
    { name: "training batches in chunks", loading: { batch: 16, testBatch: 64, chunks: 4 } },
  ])("visits every test image once, in order: $name", async ({ loading }) => {
    const feeds = evaluationFeeds(settings(loading));
    expect(imagesIn(await deliver(feeds.validation, 0), 20)).toEqual(range(TEST_IMAGES));
    expect(feeds.validation.chunks).toBe(1);
    expect(feeds.validation.samples).toBeLessThanOrEqual(feeds.train.samples);
    expect(feeds.sizes).toMatchObject({ train: TRAIN_IMAGES, val: 0, test: TEST_IMAGES });
    feeds.dispose();
  });

  test("max_batches limits both sets, class by class alike", async () => {
    const feeds = evaluationFeeds(settings({ batch: 10, testBatch: 5, maxBatches: 2 }));
    const train = imagesIn(await deliver(feeds.train, 0), 10);
    const tests = imagesIn(await deliver(feeds.validation, 0), 20);
    for (const [images, each] of [
      [train, 2],
      [tests, 1],
    ] as const) {
      for (const label of range(CLASSES)) expect(images.filter((k) => k % CLASSES === label)).toHaveLength(each);
    }
    feeds.dispose();
  });

  test("counts every sample of a pass once, padding never", async () => {
    const feeds = evaluationFeeds(settings({ batch: 16, testBatch: 16 }));
    const { samples } = feeds.validation;
    const network = new Network(engine, smallFinal(), {
      ...{ batch: feeds.train.samples, height: HEIGHT, width: WIDTH, affine: true, dropPath: "none" as const },
    });
    network.initialise(1);
    const evaluation = new Evaluation({ network, feed: feeds.validation, smoothing: 0 });
    await evaluation.prepare();
    const { averages, lastStep, steps } = await evaluation.run();
    expect([steps, averages.samples, lastStep?.samples]).toEqual([3, TEST_IMAGES, TEST_IMAGES - 2 * samples]);
    // A batch of one has no padding: the same network must come to the same averages.
    const singles = evaluationFeeds(settings({ batch: 16, testBatch: 1 }));
    const single = new Network(engine, smallFinal(), { ...network.shape, batch: 1 });
    single.load(await network.save());
    const alone = new Evaluation({ network: single, feed: singles.validation, smoothing: 0 });
    await alone.prepare();
    const one = (await alone.run()).averages;
    expect(one.samples).toBe(TEST_IMAGES);
    expect(averages.loss).toBeCloseTo(one.loss, 5);
    expect([averages.top1, averages.top5]).toEqual([one.top1, one.top5]);
    for (const owned of [evaluation, alone, network, single, feeds, singles]) owned.dispose();
  });
});

test("images are augmented as the reference does, those of the alphas by draws of their own", async () => {
  const random = (count: number, seed: number): Split => ({
    images: Uint8Array.from({ length: count * BYTES }, (_, k) => (Math.imul(k + seed, 2654435761) >>> 13) & 255),
    labels: Uint32Array.from({ length: count }, (_, k) => k % CLASSES),
    count,
  });
  const data = { ...dataset, trainTransform: { pad: 2, flip: true }, train: random(40, 1), test: random(9, 2) };
  const feeds = searchFeeds(settings({ data, valRatio: 0.5, batch: 8, chunks: 2 }));
  for (const purpose of ["train", "validation"] as const) {
    const feed = purpose === "train" ? feeds.train : feeds.alphas!;
    const augmentation = trainAugmentation(data, 0, purpose);
    for (const { pixels, labels, step, start } of await deliver(feed, 1, purpose)) {
      // Which image it is is known only by its look: the one of its label that fits.
      for (const sample of labels.keys()) {
        const candidates = range(40).filter((image) => data.train.labels[image] === labels[sample]);
        const at = { seed: SEED, step, batchStart: start + sample };
        const fits = candidates.filter((image) => {
          const order = new Uint32Array(at.batchStart + 1).fill(image);
          const { images } = augmentReference(data.train, order, 1, augmentation, at);
          return images.every((value, k) => Math.abs(value - pixels[sample * BYTES + k]!) < 1e-5);
        });
        expect(fits).toHaveLength(1);
      }
    }
  }
  const plain = evaluationFeeds(settings({ data, batch: 8, testBatch: 4 }));
  for (const { pixels, labels, start, valid } of await deliver(plain.validation, 0)) {
    const order = Uint32Array.from(range(9));
    const expected = augmentReference(data.test, order, valid, evalAugmentation(data), {
      seed: 0,
      step: 0,
      batchStart: start,
    });
    expect([...labels.subarray(0, valid)]).toEqual([...expected.labels]);
    expect(expected.images.every((value, k) => Math.abs(value - pixels[k]!) < 1e-5)).toBe(true);
  }
  feeds.dispose();
  plain.dispose();
});
