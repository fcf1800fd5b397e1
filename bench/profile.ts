import type { Engine } from "../src/runtime/webgpu/engine.ts";

/** Time of all dispatches of one pipeline. */
export interface PipelineTime {
  readonly pipeline: string;
  readonly dispatches: number;
  readonly milliseconds: number;
}

/** Timestamps of one query set: WebGPU allows 4096. */
const PER_SET = 2048;

/**
 * Runs commands with every dispatch in a pass of its own, timed by the device, and adds up by pipeline. Passes cost time
 * themselves, so the sum is larger than a normal run; the shares are what counts.
 *
 * @throws Error when the device has no timestamp queries
 */
export async function profile(engine: Engine, encode: (encoder: GPUCommandEncoder) => void): Promise<PipelineTime[]> {
  const { device } = engine;
  if (!device.features.has("timestamp-query")) throw new Error("this adapter has no timestamp queries");
  const encoder = device.createCommandEncoder();
  const sets: GPUQuerySet[] = [];
  const labels: string[] = [];
  encode(timed(device, encoder, sets, labels));
  const resolved = sets.map((set) => {
    const buffer = device.createBuffer({
      size: PER_SET * 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    encoder.resolveQuerySet(set, 0, PER_SET * 2, buffer, 0);
    return buffer;
  });
  device.queue.submit([encoder.finish()]);
  const times = new Map<string, PipelineTime>();
  for (const [set, buffer] of resolved.entries()) {
    const stamps = new BigUint64Array(await engine.read({ buffer }));
    labels.slice(set * PER_SET, (set + 1) * PER_SET).forEach((pipeline, index) => {
      const known = times.get(pipeline) ?? { pipeline, dispatches: 0, milliseconds: 0 };
      const milliseconds = known.milliseconds + Number(stamps[2 * index + 1]! - stamps[2 * index]!) / 1e6;
      times.set(pipeline, { pipeline, dispatches: known.dispatches + 1, milliseconds });
    });
    buffer.destroy();
  }
  for (const set of sets) set.destroy();
  return [...times.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** An encoder whose passes hold one dispatch each, between two timestamps. */
function timed(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  sets: GPUQuerySet[],
  labels: string[],
): GPUCommandEncoder {
  let pipeline: GPUComputePipeline;
  let groups: GPUBindGroup[] = [];
  const pass = {
    setPipeline: (next: GPUComputePipeline) => {
      pipeline = next;
      groups = [];
    },
    setBindGroup: (index: number, group: GPUBindGroup) => {
      groups[index] = group;
    },
    dispatchWorkgroups: (x: number, y: number, z: number) => {
      const place = labels.length % PER_SET;
      if (place === 0) sets.push(device.createQuerySet({ type: "timestamp", count: PER_SET * 2 }));
      labels.push(pipeline.label);
      const querySet = sets.at(-1)!;
      const writes = { querySet, beginningOfPassWriteIndex: 2 * place, endOfPassWriteIndex: 2 * place + 1 };
      const own = encoder.beginComputePass({ timestampWrites: writes });
      own.setPipeline(pipeline);
      groups.forEach((group, index) => {
        own.setBindGroup(index, group);
      });
      own.dispatchWorkgroups(x, y, z);
      own.end();
    },
    end: () => {},
  };
  return {
    beginComputePass: () => pass,
    copyBufferToBuffer: (...args: Parameters<GPUCommandEncoder["copyBufferToBuffer"]>) =>
      encoder.copyBufferToBuffer(...args),
    clearBuffer: (buffer: GPUBuffer) => encoder.clearBuffer(buffer),
  } as unknown as GPUCommandEncoder;
}
