import { afterAll, describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { planes } from "../../src/graph/types.ts";
import { requestGpu } from "../../src/host/node/gpu.ts";
import { survivingLoss } from "../../src/nas/engine-source.ts";
import type { BoundDispatch } from "../../src/runtime/webgpu/engine.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import { Flow } from "../../src/train/flow.ts";
import { DeviceMetrics } from "../../src/train/metric-sums.ts";

const gpu = await requestGpu({ defaultLimits: true });
const lost = await requestGpu();
afterAll(() => {
  gpu.dispose();
  lost.dispose();
});

describe("an engine whose device fails", () => {
  it("says so in reads, whichever way they are made", async () => {
    const engine = new Engine(lost);
    const buffer = engine.buffers.storage("numbers", 64);
    const metrics = new DeviceMetrics(engine);
    const reads = [engine.read({ buffer }), metrics.read()];
    lost.device.destroy();
    for (const read of await Promise.allSettled(reads)) {
      expect(read).toMatchObject({ status: "rejected", reason: { name: "SupernetError", code: "device" } });
    }
    await lost.device.lost;
    expect(() => engine.check()).toThrow(/^the GPU device was lost: .+; run again, and use a smaller batch, /);
  });

  it("ends its work where no other device opens, and names the loss first", async () => {
    const engine = new Engine(lost);
    const engines = [engine];
    const open = async () => engines.pop() ?? Promise.reject(new Error("the driver is gone"));
    const work = { control: {}, run: () => Promise.reject(new Error("a command failed")) };
    await expect(survivingLoss({ engine, open }, work)).rejects.toThrow(
      /^the GPU device was lost: .*; no other one can be opened: the driver is gone$/,
    );
  });

  it("takes no further step after one that the device refused", async () => {
    const engine = new Engine(gpu);
    const flow = new Flow(engine);
    const buffer = engine.buffers.storage("numbers", 64);
    await flow.submit((encoder) => encoder.copyBufferToBuffer(buffer, 0, buffer, 32, 64));
    await gpu.device.queue.onSubmittedWorkDone();
    await expect(flow.submit((encoder) => encoder.clearBuffer(buffer))).rejects.toMatchObject({
      code: "device",
      message: expect.stringMatching(/^the GPU refused a command: ./),
    });
    engine.dispose();
  });

  it("makes nothing of a list of dispatches when one of them is beyond the limits", async () => {
    const engine = new Engine(gpu);
    const target = engine.buffers.storage("numbers", 64);
    const fill = (groups: number): BoundDispatch => ({
      shader: "fill",
      conditions: { planes: false },
      constants: { wg: 8 },
      uniforms: { total: 16, per: 1, bits: 0 },
      reads: [],
      writes: [{ buffer: target }],
      workgroups: [groups, 1, 1],
    });
    const before = engine.buffers.liveBuffers;
    const tooMany = gpu.device.limits.maxComputeWorkgroupsPerDimension + 1;
    await expect(engine.kernels([fill(2), fill(tooMany)], "test")).rejects.toMatchObject({
      code: "device",
      message: expect.stringContaining("batch_chunks"),
    });
    expect(engine.pipelineCount).toBe(0);
    expect(engine.buffers.liveBuffers).toBe(before);
    engine.dispose();
  });

  it("refuses a tensor beyond the limits before it makes any buffer, and names its module", () => {
    const engine = new Engine(gpu);
    const builder = new GraphBuilder();
    // 256 MiB of activations; the defaults bind 128.
    const x = builder.input("x", planes([64, 64, 128, 128]));
    const y = builder.scoped("cells.2.dag.0", () => builder.add("relu", [x], {}));
    builder.output("y", builder.add("relu", [y], {}));
    const compile = () => new Program(engine, builder.build(), new Workspace(engine.buffers));
    expect(compile).toThrow(/^cells\.2\.dag\.0: relu needs 256\.0 MiB .* allows 128\.0 MiB; .*batch_chunks/);
    expect(engine.buffers.liveBuffers).toBe(0);
  });
});
