import { type PipelineSpec, Pipelines, pipelineKey } from "./pipelines.ts";
import { quietly } from "./quiet-wait.ts";

/** Storage for one binding: no kernel asks for more when it is bound; it runs on nothing. */
const SLOT_BYTES = 256;
/** Storage bindings of a dispatch at most, as kernel.ts has them. */
const SLOTS = 8;
/** What comes from Mesa's cache is done sooner than a second device has made its pipelines: it waits so long, in milliseconds. */
const PATIENCE = 400;
/** The uniform with its table, and the step uniform. */
const UNIFORM_BYTES = 8192;

/**
 * Runs pipelines for the first time, on nothing, on two devices at once.
 *
 * lavapipe compiles a pipeline not when it is created but when it first runs, in the one thread of the device's queue: a cold
 * start of a supernet takes half a minute there on one processor, while the others wait. A second device has a thread of its own;
 * what it compiles comes to the first from Mesa's shader cache on disk (about 2 ms each). Costs a device, and its pipelines are
 * created twice; without that cache nothing is gained, and little lost. Can go when lavapipe compiles in
 * vkCreateComputePipelines (https://gitlab.freedesktop.org/mesa/mesa, `llvmpipe_update_cs` is called when work is launched).
 */
export class FirstRuns {
  readonly #own: Lane;
  readonly #sibling: () => Promise<GPUDevice>;
  readonly #patience: number;
  #other: Promise<Lane> | undefined;
  readonly #done = new Set<string>();

  /** @param patience milliseconds before the sibling is asked for help */
  constructor(device: GPUDevice, pipelines: Pipelines, sibling: () => Promise<GPUDevice>, patience = PATIENCE) {
    this.#patience = patience;
    this.#own = new Lane(device, pipelines);
    this.#sibling = sibling;
  }

  /** Resolves when every pipeline that these dispatches need has run once on either device. */
  async run(specs: readonly PipelineSpec[]): Promise<void> {
    const fresh = new Map(specs.map((spec) => [pipelineKey(spec), spec]));
    for (const key of this.#done) fresh.delete(key);
    for (const key of fresh.keys()) this.#done.add(key);
    // Alone, a pipeline is compiled as soon where it is needed.
    if (fresh.size < 2) return;
    const waiting = [...fresh.values()];
    const own = this.#own.drain(waiting);
    const other = async () => {
      await Promise.race([own, new Promise((resolve) => setTimeout(resolve, this.#patience))]);
      if (waiting.length === 0) return;
      this.#other ??= this.#sibling().then((device) => new Lane(device, new Pipelines(device)));
      const lane = await this.#other;
      await lane.drain(waiting);
    };
    // What the sibling fails to do is compiled where it is needed, and said there if it is an error.
    const helped = other().catch(() => {});
    try {
      await own;
    } finally {
      waiting.length = 0;
      await helped;
    }
  }
}

/** One of the two devices, with something to bind. */
class Lane {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #uniform: GPUBuffer;
  readonly #read: GPUBuffer;
  readonly #written: GPUBuffer;
  /** No workgroups in any direction. Indirect, since Dawn warns the user of a direct dispatch of none. */
  readonly #none: GPUBuffer;
  readonly #stepGroup: GPUBindGroup;

  constructor(device: GPUDevice, pipelines: Pipelines) {
    this.#device = device;
    this.#pipelines = pipelines;
    const buffer = (size: number, usage: GPUBufferUsageFlags) =>
      device.createBuffer({ label: "first runs", size, usage });
    this.#uniform = buffer(UNIFORM_BYTES, GPUBufferUsage.UNIFORM);
    this.#read = buffer(SLOT_BYTES, GPUBufferUsage.STORAGE);
    this.#written = buffer(SLOTS * SLOT_BYTES, GPUBufferUsage.STORAGE);
    this.#none = buffer(12, GPUBufferUsage.INDIRECT);
    this.#stepGroup = device.createBindGroup({
      label: "first runs step",
      layout: pipelines.stepLayout,
      entries: [{ binding: 0, resource: { buffer: this.#uniform } }],
    });
  }

  /** Takes one after another from the list until it is empty. */
  async drain(waiting: PipelineSpec[]): Promise<void> {
    for (let spec = waiting.pop(); spec; spec = waiting.pop()) await this.#run(spec);
  }

  async #run(spec: PipelineSpec): Promise<void> {
    const pipeline = await this.#pipelines.get(spec);
    const bindings: GPUBufferBinding[] = [
      { buffer: this.#uniform },
      ...spec.reads.map(() => ({ buffer: this.#read })),
      ...spec.writes.map((_, slot) => ({ buffer: this.#written, offset: slot * SLOT_BYTES, size: SLOT_BYTES })),
    ];
    const group = this.#device.createBindGroup({
      label: "first runs",
      layout: this.#pipelines.groupLayout(spec),
      entries: bindings.map((resource, binding) => ({ binding, resource })),
    });
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    if (spec.step) pass.setBindGroup(1, this.#stepGroup);
    pass.dispatchWorkgroupsIndirect(this.#none, 0);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    await quietly(this.#device.queue.onSubmittedWorkDone());
  }
}
