import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ExperimentConf } from "../../src/config/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { flat, planes } from "../../src/graph/types.ts";
import type { GpuHandle } from "../../src/host/gpu.ts";
import { requestGpu } from "../../src/host/node/gpu.ts";
import { setUpFixed } from "../../src/nas/training-setup.ts";
import { Rng } from "../../src/random/rng.ts";
import { DoesNotFit } from "../../src/runtime/webgpu/does-not-fit.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { check } from "../gpu/compare.ts";
import { around } from "../gpu/faulty-device.ts";
import { held, PLAIN, shapes, smallFinal, trainedBits } from "../gpu/small.ts";
import { uniformData } from "../properties.ts";
import { cases, damage } from "./damage.ts";

// Right beside a limit, results are right or refused, but never zeros where numbers should be.

const beside = damage("a size right beside a limit of the device");

let gpu: GpuHandle;
let engine: Engine;
beforeAll(async () => {
  gpu = await requestGpu({ defaultLimits: true });
  engine = new Engine({ device: gpu.device, kind: "software" });
});
afterAll(async () => {
  engine.dispose();
  gpu.dispose();
  await engine.settled();
});

describe("batches around 65,535 workgroups in a row", () => {
  // Kernels that take a sample an invocation, and 8 of them a workgroup.
  const batches = [65_535 * 8 + 1, 65_535 * 8, 65_536 * 8, 65_536 * 8 + 1];

  test.each(batches.slice(0, cases(1, 4)))("%s samples", async (batch) => {
    const g = new GraphBuilder();
    const logits = g.input("x", planes([batch, 3, 1, 1]));
    const labels = g.input("y", flat([batch], "u32"));
    g.output("loss", g.add("cross_entropy", [logits, labels], { smoothing: 0 }));
    const dloss = g.input("d", flat([batch]));
    g.output("dx", g.add("cross_entropy_dx", [logits, labels, dloss], { smoothing: 0 }));
    g.output("top1", g.add("top_k", [logits, labels], { k: 1 }));
    const rng = new Rng(1, 0);
    const x = uniformData(rng, batch * 3);
    const y = Uint32Array.from({ length: batch }, () => rng.randint(3));
    const inputs = { x, y, d: uniformData(rng, batch) };
    await beside.attempt(`${batch} samples`, () => check(engine, g.build(), { inputs, params: {} }));
  });
});

describe("tensors around a binding of 128 MiB", () => {
  const LIMIT = 128 * 2 ** 20;

  test("4 bytes less, and all of it, are filled to the last word; 4 more are refused", async () => {
    const before = held(engine);
    const graph = (bytes: number) => {
      const g = new GraphBuilder();
      g.output("y", g.add("fill", [], { type: flat([bytes / 4]), value: 1.5 }));
      return g.build();
    };
    const run = async (bytes: number) => (await runGraph(engine, graph(bytes), { inputs: {}, params: {} })).get("y")!;
    for (const bytes of [LIMIT, LIMIT - 4].slice(0, cases(1, 2))) {
      await beside.attempt(`${bytes} bytes`, async () => {
        const filled = await run(bytes);
        expect(filled).toHaveLength(bytes / 4);
        expect(filled.every((value) => value === 1.5)).toBe(true);
      });
    }
    await beside.attempt(`${LIMIT + 4} bytes`, () => expect(run(LIMIT + 4)).rejects.toBeInstanceOf(DoesNotFit));
    await expect(run(LIMIT + 4)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: fill needs 134217732 bytes in one buffer, this device allows 134217728 bytes; use a smaller batch, more batch_chunks, or fewer cells or channels]`,
    );
    expect(held(engine)).toEqual(before);
  });

  test("images: a batch that just fits is whole, with one more it is refused", async () => {
    // Of a channel: a vector of four a pixel, 16 KiB an image.
    const most = LIMIT / 16 / 1024;
    const graph = (batch: number) => {
      const g = new GraphBuilder();
      g.output("y", g.add("relu", [g.input("x", planes([batch, 1, 32, 32]))], {}));
      return g.build();
    };
    const x = Float32Array.from({ length: most * 1024 }, (_, i) => (i % 7) - 3);
    await beside.attempt(`${most} images`, async () => {
      const y = (await runGraph(engine, graph(most), { inputs: { x }, params: {} })).get("y")!;
      expect(y).toHaveLength(x.length);
      expect(x.every((value, i) => y[i] === Math.max(value, 0))).toBe(true);
    });
    const more = runGraph(engine, graph(most + 1), { inputs: { x }, params: {} });
    await expect(more).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: relu needs 134234112 bytes in one buffer, this device allows 134217728 bytes; use a smaller batch, more batch_chunks, or fewer cells or channels]`,
    );
  });
});

describe("a training on a device whose limits are as tight as can be", () => {
  const trainer = { ...PLAIN, title: "train", logger_freq: 0, grad_clip: 5 };
  const loader = { test_batch: 8, cutout: 0, val_ratio: 0, dataset: { max_batches: -1 } };
  const limits: Record<string, number> = {};
  let tight: Engine;
  let dataset: Dataset;
  /** The largest binding of uniforms so far. */
  let uniform = 0;
  beforeAll(async () => {
    dataset = await shapes(8, 4);
    const { device } = gpu;
    for (const name in device.limits) limits[name] = device.limits[name as keyof GPUSupportedLimits] as number;
    const createBindGroup = (descriptor: GPUBindGroupDescriptor) => {
      for (const { binding, resource } of descriptor.entries) {
        const { buffer, offset = 0, size = buffer.size - offset } = resource as GPUBufferBinding;
        const isUniform = binding === 0;
        if (isUniform) uniform = Math.max(uniform, size);
        expect(size).toBeLessThanOrEqual(limits[isUniform ? "maxUniformBufferBindingSize" : STORAGE]!);
      }
      return device.createBindGroup(descriptor);
    };
    const restricted = around(device, { limits: limits as unknown as GPUSupportedLimits, createBindGroup });
    tight = new Engine({ device: restricted, kind: "software" });
  });
  afterAll(() => tight.dispose());

  const STORAGE = "maxStorageBufferBindingSize";

  /** All bits after an epoch. */
  async function train(batch: number): Promise<string> {
    const evaluation = {
      trainer,
      loader: { ...loader, train_batch: batch },
    } as unknown as ExperimentConf["nas"]["eval"];
    return trainedBits(setUpFixed(smallFinal(), { engine: tight, dataset, seed: 1, ...evaluation }));
  }

  test.each([4, 1, 2, 8].slice(0, cases(1, 4)))("batches of %s", async (batch) => {
    const usual = { ...limits };
    const create = vi.spyOn(tight.buffers, "create");
    const kernels = vi.spyOn(tight, "kernels");
    uniform = 0;
    const bits = await train(batch);
    const stored = create.mock.calls.filter(([, , usage]) => usage & GPUBufferUsage.STORAGE);
    const groups = kernels.mock.calls.flatMap(([dispatches]) => dispatches.flatMap(({ workgroups }) => workgroups));
    const needed = {
      [STORAGE]: Math.max(...stored.map(([, bytes]) => bytes)),
      maxBufferSize: Math.max(...create.mock.calls.map(([, bytes]) => bytes)),
      maxComputeWorkgroupsPerDimension: Math.max(...groups),
      maxUniformBufferBindingSize: uniform,
    };
    create.mockRestore();
    kernels.mockRestore();
    const before = held(tight);
    for (const [name, most] of Object.entries(needed)) {
      const step = name === STORAGE || name === "maxBufferSize" ? 4 : 1;
      await beside.attempt(`batch ${batch} with ${name} ${most}`, async () => {
        limits[name] = most;
        expect(await train(batch)).toBe(bits);
      });
      await beside.attempt(`batch ${batch} with ${name} ${most - step}`, async () => {
        limits[name] = most - step;
        await expect(train(batch)).rejects.toMatchObject({ code: "device" });
        expect(held(tight)).toEqual(before);
      });
      limits[name] = usual[name]!;
    }
    tight.check();
  });
});
