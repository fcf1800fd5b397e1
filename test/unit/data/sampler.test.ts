import fc from "fast-check";
import { expect, test } from "vitest";
import { batchFor, evalPass, trainPass } from "../../../src/data/sampler.ts";
import { STREAMS } from "../../../src/random/streams.ts";

const images = Uint32Array.from({ length: 103 }, (_, i) => 1000 + 3 * i);
const pass = (epoch: number, seed = 1, stream: number = STREAMS.shuffle) =>
  trainPass(images, 10, { seed, stream, epoch });

test("a training pass is whole batches of different images of the set", () => {
  const { order, batch, batches, lastValid } = pass(0);
  expect([order.length, batch, batches, lastValid]).toEqual([100, 10, 10, 10]);
  expect(new Set(order).size).toBe(100);
  for (const image of order) expect(images).toContain(image);
});

test("the order follows from seed, stream and epoch", () => {
  expect(pass(3)).toEqual(pass(3));
  const orders = [pass(3), pass(4), pass(3, 2), pass(3, 1, STREAMS.shuffleVal)].map(({ order }) => order.join());
  expect(new Set(orders).size).toBe(4);
});

test("over the epochs no image is left out", () => {
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 5; epoch++) for (const image of pass(epoch).order) seen.add(image);
  expect(seen.size).toBe(images.length);
});

test("an evaluation pass counts every image exactly once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 64 }), (count, batch) => {
      const set = Uint32Array.from({ length: count }, (_, i) => 7 * i);
      const { order, batches, lastValid } = evalPass(set, batch);
      expect(order.length).toBe(batches * batch);
      expect(lastValid > 0 && lastValid <= batch).toBe(true);
      expect(order.subarray(0, (batches - 1) * batch + lastValid)).toEqual(set);
      for (const image of order) expect(image % 7 === 0 && image < 7 * count).toBe(true);
    }),
  );
});

test("a batch is shrunk to a smaller set; impossible ones are errors with a remedy", () => {
  expect(batchFor(100, 64, "training")).toBe(64);
  expect(batchFor(20, 64, "training")).toBe(20);
  expect(() => batchFor(0, 64, "validation")).toThrow("the validation set is empty; raise dataset.max_batches");
  expect(() => batchFor(10, 0, "test")).toThrow("the test batch size is 0; it must be a positive integer");
  expect(() => trainPass(images, 104, { seed: 0, stream: 0, epoch: 0 })).toThrow(
    "103 images do not fill a batch of 104; lower loader.train_batch",
  );
});
