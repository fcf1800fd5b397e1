import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { DatasetIo, Split } from "../../../src/data/dataset.ts";
import { loadDataset } from "../../../src/data/load.ts";

const noFiles: DatasetIo = {
  exists: () => Promise.resolve(false),
  read: (path) => Promise.reject(new Error(`${path} read by a data set without files`)),
};
const load = (train_size?: number, test_size?: number) =>
  loadDataset({ name: "shapes", train_size, test_size, n_classes: 10, channels: 3 }, noFiles);
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

test("the images are the same bytes everywhere", async () => {
  const { train, test } = await load(200, 50);
  expect([hash(train.images), hash(test.images)]).toEqual(["9b88445c3c869f63", "628c343a78a71b67"]);
});

test("the default set is balanced, has the stated mean and deviation, and is drawn quickly", async () => {
  const start = performance.now();
  const { train, test, mean, std, classes, source } = await load();
  // Half a second on one idle core; the limit leaves room for tests that run beside this one.
  expect(performance.now() - start).toBeLessThan(5000);
  expect(source).toBe("embedded: 4000 training images, 1000 test images");
  for (const split of [train, test]) {
    const perClass = classes.map((_, c) => split.labels.filter((label) => label === c).length);
    expect(new Set(perClass)).toEqual(new Set([split.count / 10]));
  }
  for (let c = 0; c < 3; c++) {
    const channel = train.images.filter((_, i) => i % 3 === c);
    const average = channel.reduce((sum, v) => sum + v, 0) / channel.length;
    const variance = channel.reduce((sum, v) => sum + (v - average) ** 2, 0) / channel.length;
    expect(average / 255).toBeCloseTo(mean[c]!, 2);
    expect(Math.sqrt(variance) / 255).toBeCloseTo(std[c]!, 2);
  }
});

test("a smaller set is the beginning of a larger one, and test images are other images", async () => {
  const small = await load(20, 10);
  const large = await load(40, 30);
  expect(large.train.images.subarray(0, small.train.images.length)).toEqual(small.train.images);
  expect(large.test.images.subarray(0, small.test.images.length)).toEqual(small.test.images);
  expect(hash(large.train.images.subarray(0, small.test.images.length))).not.toBe(hash(small.test.images));
});

test("another seed draws other images", async () => {
  const [a, b] = await Promise.all(
    [0, 1].map((seed) => loadDataset({ name: "shapes", train_size: 10, seed }, noFiles)),
  );
  expect(hash(a!.train.images)).not.toBe(hash(b!.train.images));
});

test("sizes that cannot be drawn are refused", async () => {
  await expect(load(0)).rejects.toThrow("dataset.train_size is 0; it must be a positive integer");
  await expect(load(10, 1.5)).rejects.toThrow("dataset.test_size is 1.5; it must be a positive integer");
});

test("softmax regression does poorly", async () => {
  const { train, test } = await load(1000, 500);
  const accuracy = softmaxRegression(train, test, 6);
  // Below 40 % means that pixels do not give the class away; above chance, that the regression did learn.
  expect(accuracy).toBeLessThan(0.4);
  expect(accuracy).toBeGreaterThan(0.11);
});

/** Test accuracy of a linear classifier trained by plain stochastic gradient descent. */
function softmaxRegression(train: Split, test: Split, epochs: number): number {
  const inputs = train.images.length / train.count;
  const weights = new Float32Array(10 * inputs);
  const scores = (split: Split, i: number) => {
    const out = new Float64Array(10);
    for (let c = 0; c < 10; c++) {
      let sum = 0;
      for (let k = 0; k < inputs; k++) sum += weights[c * inputs + k]! * (split.images[i * inputs + k]! / 255 - 0.33);
      out[c] = sum;
    }
    return out;
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; i < train.count; i++) {
      const z = scores(train, i);
      const top = Math.max(...z);
      const e = z.map((v) => Math.exp(v - top));
      const total = e.reduce((sum, v) => sum + v, 0);
      for (let c = 0; c < 10; c++) {
        const step = 0.003 * (e[c]! / total - (train.labels[i] === c ? 1 : 0));
        for (let k = 0; k < inputs; k++) {
          weights[c * inputs + k]! -= step * (train.images[i * inputs + k]! / 255 - 0.33);
        }
      }
    }
  }
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const z = scores(test, i);
    if (z.indexOf(Math.max(...z)) === test.labels[i]) right++;
  }
  return right / test.count;
}
