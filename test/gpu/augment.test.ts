import fc from "fast-check";
import { expect, test } from "vitest";
import { type Augmentation, augmentDispatch, residentImages } from "../../src/data/augment.ts";
import { augmentReference } from "../../src/data/augment-reference.ts";
import type { Split } from "../../src/data/dataset.ts";
import { Rng } from "../../src/random/rng.ts";
import { paddingIsZero, storageBytes, unpackPlanes } from "../../src/runtime/webgpu/layout.ts";
import { packStep, STEP_BYTES } from "../../src/runtime/webgpu/step.ts";
import { testEngine } from "./engine.ts";

interface At {
  seed: number;
  step: number;
  batchStart: number;
}

function randomSplit(count: number, imageBytes: number, seed: number): Split {
  const rng = new Rng(seed, 0);
  const images = Uint8Array.from({ length: count * imageBytes }, () => rng.randint(256));
  const labels = Uint32Array.from({ length: count }, () => rng.randint(10));
  return { images, labels, count };
}

async function augmentOnDevice(split: Split, order: Uint32Array, batch: number, augmentation: Augmentation, at: At) {
  const engine = await testEngine();
  const { device, buffers, tuning } = engine;
  const { channels, height, width, purpose } = augmentation;
  const shape = [batch, channels, height, width];
  const upload = (label: string, data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => {
    const buffer = buffers.storage(label, data.byteLength);
    device.queue.writeBuffer(buffer, 0, data);
    return { buffer };
  };
  // At most four images a part: most splits here lie in two.
  const { firstPart, parts } = residentImages(
    split,
    split.count > 8 ? split.images.length : 4 * (split.images.length / split.count),
  );
  const reads = [
    ...parts.map((part) => upload("images", part)),
    upload("labels", split.labels.slice()),
    upload("order", order.slice()),
  ];
  const planes = { buffer: buffers.storage("batch", storageBytes({ layout: "planes", dtype: "f32", shape })) };
  const labels = { buffer: buffers.storage("batch labels", batch * 4) };
  // Neither may survive: every element of a batch is written.
  device.queue.writeBuffer(planes.buffer, 0, new Uint8Array(planes.buffer.size).fill(0x7f));
  device.queue.writeBuffer(labels.buffer, 0, new Uint8Array(labels.buffer.size).fill(0x7f));
  const step = buffers.uniform("step", STEP_BYTES);
  const start = purpose === "train" ? { batchStart: at.batchStart } : { valBatchStart: at.batchStart };
  device.queue.writeBuffer(step, 0, packStep({ seed: at.seed, step: at.step, ...start }));
  const dispatch = {
    ...augmentDispatch(augmentation, batch, firstPart, tuning),
    reads,
    writes: [planes, labels],
    step,
  };
  const { kernels, dispose } = await engine.kernels([dispatch], "augment");
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const kernel of kernels) kernel.encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const packed = new Float32Array(
    await engine.read({ ...planes, size: storageBytes({ layout: "planes", dtype: "f32", shape }) }),
  );
  const batchLabels = new Uint32Array(await engine.read({ ...labels, size: batch * 4 }));
  dispose();
  for (const { buffer } of [...reads, planes, labels, { buffer: step }]) buffers.destroy(buffer);
  return { images: unpackPlanes(packed, shape), labels: batchLabels, padded: paddingIsZero(packed, shape) };
}

const augmentations = fc.record({
  height: fc.integer({ min: 1, max: 20 }),
  width: fc.integer({ min: 1, max: 20 }),
  channels: fc.integer({ min: 1, max: 4 }),
  mean: fc.constant([0.49, 0.48, 0.45, 0.4]),
  std: fc.constant([0.25, 0.24, 0.26, 0.3]),
  pad: fc.integer({ min: 0, max: 5 }),
  flip: fc.boolean(),
  cutout: fc.integer({ min: 0, max: 12 }),
  purpose: fc.constantFrom("train" as const, "validation" as const),
});
const places = fc.record({
  seed: fc.maxSafeNat(),
  step: fc.integer({ min: 0, max: 0xffffffff }),
  batchStart: fc.integer({ min: 0, max: 9 }),
});

test("the kernel agrees with the reference: same pixels, same draws", async () => {
  await fc.assert(
    fc.asyncProperty(augmentations, places, fc.integer({ min: 1, max: 9 }), async (augmentation, at, batch) => {
      const { height, width, channels } = augmentation;
      const split = randomSplit(7, height * width * channels, at.step);
      const order = Uint32Array.from({ length: at.batchStart + batch }, (_, i) => (i * 5 + 3) % 7);
      const expected = augmentReference(split, order, batch, augmentation, at);
      const actual = await augmentOnDevice(split, order, batch, augmentation, at);
      expect(actual.padded).toBe(true);
      expect(actual.labels).toEqual(expected.labels);
      expect(actual.images.length).toBe(expected.images.length);
      // A step of one grey level is 0.013; rounding of one multiplication and one addition of numbers up to 4 is 1e-6.
      const worst = actual.images.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.images[i]!)), 0);
      expect(worst).toBeLessThan(2e-6);
    }),
    { numRuns: 60 },
  );
});

test("a batch larger than one row of workgroups is whole, and the same bits again", async () => {
  const engine = await testEngine();
  // Narrow images: most rows, and so most threads, for the memory.
  const augmentation: Augmentation = {
    ...{ height: 32, width: 1, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ...{ pad: 4, flip: true, cutout: 16, purpose: "train" },
  };
  const batch = Math.ceil((65_536 * engine.tuning.workgroup) / 32);
  expect(augmentDispatch(augmentation, batch, 50, engine.tuning).workgroups[1]).toBeGreaterThan(1);
  const split = randomSplit(50, 96, 1);
  const order = new Rng(2, 0).permutation(batch).map((place) => place % 50);
  const at = { seed: 3, step: 4, batchStart: 0 };
  const first = await augmentOnDevice(split, order, batch, augmentation, at);
  const again = await augmentOnDevice(split, order, batch, augmentation, at);
  expect(Buffer.compare(Buffer.from(first.images.buffer), Buffer.from(again.images.buffer))).toBe(0);
  expect([...first.labels]).toEqual([...order].map((image) => split.labels[image]!));
  // The last images of the batch are right, too.
  const tail = { ...at, batchStart: batch - 3 };
  const expected = augmentReference(split, order, 3, augmentation, tail);
  const actual = first.images.subarray(first.images.length - expected.images.length);
  const worst = actual.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.images[i]!)), 0);
  expect(worst).toBeLessThan(2e-6);
});
