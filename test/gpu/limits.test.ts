import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { SupernetError } from "../../src/errors.ts";
import type { GpuHandle } from "../../src/host/gpu.ts";
import { requestGpu } from "../../src/host/node/gpu.ts";
import { bilevel } from "../../src/nas/bilevel-optimizer.ts";
import { evaluationFeeds, type LoaderConf, searchFeeds } from "../../src/nas/feeds.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { FixedFeed } from "../../src/train/fixed-feed.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { Network } from "../../src/train/network.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { held, PLAIN, randomBatches, shapes, smallSupernet } from "./small.ts";
import { randomFeeds, TOY_SETTINGS, TOY_SHAPE, toySupernet } from "./supernet.ts";

/** What every WebGPU device guarantees, and all that this adapter has. */
let least: GpuHandle;
let most: GpuHandle;
let engine: Engine;
let larger: Engine;

beforeAll(async () => {
  [least, most] = [await requestGpu({ defaultLimits: true }), await requestGpu()];
  engine = new Engine(least);
  larger = new Engine(most);
});
afterAll(() => {
  for (const owned of [engine, larger, least, most]) owned.dispose();
});

const GUARANTEED = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
};
const limitsOf = ({ device: { limits } }: GpuHandle) =>
  Object.fromEntries(Object.keys(GUARANTEED).map((name) => [name, limits[name as keyof typeof GUARANTEED]]));

describe("with WebGPU's guaranteed limits", () => {
  test("the device has no more than those", () => {
    expect(limitsOf(least)).toEqual(GUARANTEED);
  });

  test("a training step of a supernet has the same bits as with all limits", async () => {
    const graph = trainingGraph(toySupernet(), TOY_SHAPE, TOY_SETTINGS);
    const feeds = randomFeeds(graph, 1);
    const [expected, actual] = [await runGraph(larger, graph, feeds), await runGraph(engine, graph, feeds)];
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    const differing = [...expected].filter(([name, data]) => !same(data, actual.get(name)!));
    expect(differing.map(([name]) => name)).toEqual([]);
    expect(actual.get("loss")!.every(Number.isFinite)).toBe(true);
    engine.check();
  });

  test("a search runs with all its kernels, and comes to the same alphas", async () => {
    const [expected, actual] = [await search(larger), await search(engine)];
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    expect([...expected].every(([name, data]) => same(data, actual.get(name)!))).toBe(true);
  });
});

const same = (a: Float32Array, b: Float32Array) => Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;

const loader = {
  ...{ train_batch: 4, test_batch: 4, val_ratio: 0.5, cutout: 0 },
  dataset: { name: "shapes", n_classes: 10, max_batches: -1 },
} as LoaderConf;

/** All parameters after two steps of a small second-order search with clipping and validation. */
async function search(on: Engine): Promise<Map<string, Float32Array>> {
  const before = held(on);
  const feeds = searchFeeds({
    engine: on,
    dataset: await shapes(16, 4),
    loader,
    chunks: 2,
    seed: 1,
    alphasApart: true,
  });
  const shape = { batch: 2, height: 32, width: 32, affine: false, dropPath: "none" as const };
  const network = new Network(on, smallSupernet(1, 1), shape);
  network.initialise(1);
  const conf = {
    ...{ ...PLAIN, batch_chunks: 2, grad_clip: 5, validation: { freq: 1, lossfn: PLAIN.lossfn } },
    ...{ alpha_optimizer: { type: "adam", lr: 3e-3, betas: [0.5, 0.999] }, alpha_lr_schedule: { type: "" } },
  };
  const { train, validation, alphas } = feeds;
  const trainer = await Trainer.create({ network, conf, seed: 1, train, validation, hook: bilevel(alphas!) });
  await trainer.fit();
  const values = await network.save();
  for (const owned of [trainer, network, feeds]) owned.dispose();
  expect(held(on)).toEqual(before);
  return values;
}

test("a data set larger than one binding is cut in two, and every image is where it was", async () => {
  const before = held(engine);
  const small = await shapes(16, 4);
  const count = 45_000;
  const images = new Uint8Array(count * 3072);
  const numbers = new DataView(images.buffer);
  for (let k = 0; k < count; k++) numbers.setUint16(k * 3072, k, true);
  expect(images.length).toBeGreaterThan(GUARANTEED.maxStorageBufferBindingSize);
  const test = { images, labels: Uint32Array.from({ length: count }, (_, k) => k % 10), count };
  const batch = { ...loader, train_batch: 8, test_batch: 8, val_ratio: 0 };
  const settings = { engine, dataset: { ...small, test }, loader: batch, chunks: 1, seed: 1 };
  const { validation: feed, dispose } = evaluationFeeds(settings);
  const uniform = new StepUniform(engine.device, engine.buffers, 1);
  await feed.prepare(uniform.buffer);
  expect(feed.startPass(0)).toBe(count / 8);
  const seen: number[] = [];
  const wanted: number[] = [];
  const cut = Math.floor(GUARANTEED.maxStorageBufferBindingSize / 3072 / 8) * 8;
  for (const first of [0, cut - 8, cut, count - 8]) {
    uniform.write([{ batchStart: feed.select(first / 8).start }]);
    const encoder = engine.device.createCommandEncoder();
    uniform.use(encoder, 0);
    feed.encode(encoder, 0);
    engine.device.queue.submit([encoder.finish()]);
    const pixels = new Float32Array(await engine.read({ buffer: feed.x }));
    const labels = new Uint32Array(await engine.read({ buffer: feed.y }));
    for (let n = 0; n < 8; n++) {
      const byte = (channel: number) =>
        Math.round(255 * (pixels[n * 4096 + channel]! * small.std[channel]! + small.mean[channel]!)) + 0;
      seen.push(byte(0) + 256 * byte(1));
      wanted.push(first + n);
      expect(labels[n]).toBe((first + n) % 10);
    }
  }
  expect(seen).toEqual(wanted);
  uniform.dispose();
  dispose();
  expect(held(engine)).toEqual(before);
});

describe("what does not fit", () => {
  const huge = { batch: 4096, height: 32, width: 32, affine: false, dropPath: "none" as const };

  test("a batch: the message says what to change, and nothing is left", async () => {
    const before = held(engine);
    const network = new Network(engine, smallSupernet(1, 1), huge);
    // The feed is small: it is the program that does not fit.
    const train = new FixedFeed(engine, randomBatches(1, [4, 3, 32, 32], 1));
    const created = Trainer.create({ network, conf: PLAIN, seed: 1, train });
    await expect(created).rejects.toBeInstanceOf(SupernetError);
    await expect(created).rejects.toMatchObject({ code: "device" });
    await expect(created).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: model_stems.0._op.0: conv2d needs 192.0 MiB in one buffer, this device allows 128.0 MiB; use a smaller batch, more batch_chunks, or fewer cells or channels]`,
    );
    network.dispose();
    train.dispose();
    expect(held(engine)).toEqual(before);
    engine.check();
  });

  test("a network: likewise", () => {
    const before = held(engine);
    const desc = smallSupernet(1, 1);
    const wide = 12_000_000;
    const logits = { ...desc.logitsOp, params: { ...desc.logitsOp.params, nClasses: wide } };
    const make = () => new Network(engine, { ...desc, nClasses: wide, logitsOp: logits }, { ...huge, batch: 1 });
    expect(make).toThrow(SupernetError);
    expect(make).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: weights parameters needs 228.9 MiB in one buffer, this device allows 128.0 MiB; use a smaller batch, more batch_chunks, or fewer cells or channels]`,
    );
    expect(held(engine)).toEqual(before);
  });

  test("a data set: likewise", async () => {
    const before = held(engine);
    const small = await shapes(4, 4);
    // More than two bindings: 100,000 images of 32 x 32.
    const count = 100_000;
    const train = { images: new Uint8Array(count * 3072), labels: new Uint32Array(count), count };
    const dataset: Dataset = { ...small, train };
    const make = () => searchFeeds({ engine, dataset, loader, chunks: 1, seed: 1, alphasApart: true });
    expect(make).toThrow(SupernetError);
    expect(make).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: 100000 images of 3072 bytes do not fit this device, which holds 87376; use a smaller data set]`,
    );
    expect(held(engine)).toEqual(before);
  });
});

test("a dispatch beyond the device's limits is refused by the name of its module", async () => {
  const buffer = engine.buffers.storage("any", 4);
  const copy = { shader: "copy", module: "cells.0.s0_op", uniforms: { words: 1 }, writes: [{ buffer }] };
  const reads = Array.from({ length: engine.device.limits.maxStorageBuffersPerShaderStage }, () => ({ buffer }));
  await expect(engine.kernels([{ ...copy, reads, workgroups: [1, 1, 1] }], "test")).rejects.toThrow(
    /^cells\.0\.s0_op \(shaders\/copy\.wesl\) binds \d+ storage buffers, this device allows \d+; use another adapter$/,
  );
  await expect(engine.kernels([{ ...copy, reads: [{ buffer }], workgroups: [65_536, 1, 1] }], "test")).rejects.toThrow(
    /^cells\.0\.s0_op \(shaders\/copy\.wesl\) asks for 65536 x 1 x 1 workgroups, .* use a smaller batch, more batch_chunks, or fewer cells or channels$/,
  );
  engine.buffers.destroy(buffer);
});
