import { SupernetError } from "../../errors.ts";
import type { Graph } from "../../graph/types.ts";
import { Buffers } from "./buffers.ts";
import type { Binding, BoundDispatch, Kernel } from "./dispatch.ts";
import { SMALLER } from "./does-not-fit.ts";
import { FirstRuns } from "./first-runs.ts";
import type { Tuning } from "./kernel.ts";
import { checkLimits } from "./limits.ts";
import { type Picks, untuned, withPicks } from "./picks.ts";
import { Pipelines } from "./pipelines.ts";
import { quietly } from "./quiet-wait.ts";
import { Recorder } from "./recorder.ts";
import { packUniforms, stageUniforms } from "./uniforms.ts";

export type { Binding, BoundDispatch, Kernel } from "./dispatch.ts";

/** The part of a device handle (src/host) that the engine needs. */
export interface EngineDevice {
  readonly device: GPUDevice;
  /** A software adapter (llvmpipe, SwiftShader) wants small workgroups and many pixels a thread. */
  readonly kind: "gpu" | "software";
  /** Bytes of memory it has for buffers, where that is known. */
  readonly memory?: number | undefined;
  /** Waiting for a promise of the device keeps a processor busy, as in Node; see quiet-wait.ts. */
  readonly polls?: boolean;
  /** Another device on the same adapter, always the same; set where pipelines are compiled when they first run. */
  readonly sibling?: () => Promise<GPUDevice>;
}

/** Finds out which variants of kernels are the fastest on a device; see tuner.ts. */
export interface KernelTuner {
  /** What it knows; grows while it tunes. */
  readonly picks: Picks;
  /**
   * Measures what these graphs ask for and nobody has measured yet.
   * @returns whether it has found anything that is better than the default
   */
  tune(engine: Engine, graphs: readonly Graph[]): Promise<boolean>;
  /** What was chosen for the graphs so far, as a file that a store of choices can be replaced with. */
  record(): string;
  /** Knows from now on what a record says, whatever would be faster: other variants compute other last bits. */
  adopt(record: string): void;
}

/** Appends a compute pass that runs the kernels in order. */
export function encodePass(encoder: GPUCommandEncoder, kernels: readonly Kernel[]): void {
  if (encoder instanceof Recorder) {
    encoder.pass(kernels);
    return;
  }
  const pass = encoder.beginComputePass();
  for (const kernel of kernels) kernel.encode(pass);
  pass.end();
}

/** What fails on a lost device is heard of at most so much earlier than the loss, in milliseconds. */
const HEARD_WITHIN = 250;

/**
 * One device with what is shared by all programs on it: shader modules, pipelines, the count of live buffers.
 * The caller owns the device; `dispose` destroys every buffer that is left.
 */
export class Engine {
  readonly device: GPUDevice;
  readonly kind: EngineDevice["kind"];
  readonly buffers: Buffers;
  readonly tuning: Tuning;
  /** Whether waiting for the device would slow it down; see `wait`. */
  readonly quiet: boolean;
  readonly tuner: KernelTuner | undefined;
  /** Aborted when the device is lost, by a SupernetError("device") that says why, and no more. */
  readonly lost: AbortSignal;
  readonly #pipelines: Pipelines;
  readonly #firstRuns: FirstRuns | undefined;
  readonly #leftovers = new Set<Promise<unknown>>();
  #failure: SupernetError | undefined;

  /** @param tuner without one, kernels are what suits the kind of adapter */
  constructor({ device, kind, memory, polls = false, sibling }: EngineDevice, tuner?: KernelTuner) {
    this.quiet = polls && kind === "software";
    this.device = device;
    this.kind = kind;
    this.buffers = new Buffers(device, memory);
    this.#pipelines = new Pipelines(device);
    this.#firstRuns = sibling && new FirstRuns(device, this.#pipelines, sibling);
    this.tuner = tuner;
    this.tuning = tuner ? withPicks(untuned(kind), tuner.picks) : untuned(kind);
    device.addEventListener("uncapturederror", this.#onRefused);
    const lost = new AbortController();
    this.lost = lost.signal;
    device.lost.then((info) => {
      const why = info.message.trim().replace(/\.$/, "") || info.reason || "no reason given";
      const loss = new SupernetError("device", `the GPU device was lost: ${why}`);
      this.#failure ??= new SupernetError("device", `${loss.message}; run again, and ${SMALLER}`, { cause: loss });
      lost.abort(loss);
    });
  }

  readonly #onRefused = (event: GPUUncapturedErrorEvent): void => {
    const { error } = event;
    const why = error instanceof GPUOutOfMemoryError ? `it has no memory left; ${SMALLER}` : error.message;
    const failure = new SupernetError("device", `the GPU refused a command: ${why}`);
    if (this.buffers.certain) {
      this.#failure ??= failure;
      return;
    }
    // Commands on a buffer that is not there are refused, too: whoever has created it is told, and the device is none the worse.
    event.preventDefault();
    const judge = async () => {
      if (!(await this.buffers.explains())) this.#failure ??= failure;
    };
    this.leave(judge());
  };

  /** Whether the device is gone. To be asked when something failed: the loss itself may be heard of a little later. */
  async isLost(): Promise<boolean> {
    const { lost } = this;
    if (!lost.aborted) {
      const heard = new Promise((resolve) => lost.addEventListener("abort", resolve, { once: true }));
      await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, HEARD_WITHIN))]);
    }
    return lost.aborted;
  }

  /** @throws SupernetError("device"): the first thing that went wrong on the device since its creation. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * Makes pipelines, uniform buffers and bind groups for a list of dispatches. Kernels stay valid while their buffers live;
   * `dispose` frees the uniforms.
   *
   * @throws SupernetError("device") naming the shader where a limit is exceeded or compilation fails, or a buffer that is not
   *   there: of all that were created until now
   */
  async kernels(dispatches: readonly BoundDispatch[], label: string): Promise<{ kernels: Kernel[]; dispose(): void }> {
    const words = dispatches.map((dispatch) => packUniforms(dispatch.uniforms, dispatch.table));
    dispatches.forEach((dispatch, index) => {
      checkLimits(dispatch, words[index]!.byteLength, this.device.limits);
    });
    const { staged, offsets } = stageUniforms(words);
    const uniforms = this.buffers.uniform(`${label} uniforms`, staged.byteLength);
    const dispose = () => this.buffers.destroy(uniforms);
    try {
      await this.buffers.confirm();
      this.device.queue.writeBuffer(uniforms, 0, staged);
      const pipelines = await Promise.all(dispatches.map((dispatch) => this.#pipelines.get(dispatch)));
      await this.#firstRuns?.run(dispatches);
      const places = words.map(({ length }, index) => ({
        buffer: uniforms,
        offset: offsets[index]!,
        size: Math.max(16, length * 4),
      }));
      return { kernels: this.#bind(dispatches, pipelines, places), dispose };
    } catch (error) {
      dispose();
      throw error;
    }
  }

  /** @param uniforms where those of each dispatch lie */
  #bind(
    dispatches: readonly BoundDispatch[],
    pipelines: readonly GPUComputePipeline[],
    uniforms: readonly GPUBufferBinding[],
  ): Kernel[] {
    const stepGroups = new Map<GPUBuffer, GPUBindGroup>();
    const stepGroup = (buffer: GPUBuffer) => {
      let group = stepGroups.get(buffer);
      if (!group) {
        group = this.device.createBindGroup({
          label: "step",
          layout: this.#pipelines.stepLayout,
          entries: [{ binding: 0, resource: { buffer } }],
        });
        stepGroups.set(buffer, group);
      }
      return group;
    };
    return dispatches.map((dispatch, index): Kernel => {
      const bindings = [uniforms[index]!, ...dispatch.reads, ...dispatch.writes];
      const group = this.device.createBindGroup({
        label: dispatch.shader,
        layout: this.#pipelines.groupLayout(dispatch),
        entries: bindings.map((resource, binding) => ({ binding, resource })),
      });
      const step = dispatch.step && stepGroup(dispatch.step);
      const pipeline = pipelines[index]!;
      const [x, y, z] = dispatch.workgroups;
      return {
        dispatch,
        encode(pass) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          if (step) pass.setBindGroup(1, step);
          pass.dispatchWorkgroups(x, y, z);
        },
      };
    });
  }

  /** Waits for a promise of the device, in the way that lets it work. */
  wait<T>(pending: Promise<T>): Promise<T> {
    // Whoever waits may stop waiting.
    this.leave(pending.catch(() => {}));
    return this.quiet ? quietly(pending) : pending;
  }

  /** Resolves when everything submitted so far is done. */
  done(): Promise<undefined> {
    return this.wait(this.device.queue.onSubmittedWorkDone());
  }

  /** Copies a buffer to the host after everything submitted so far. Makes a staging buffer: not for the steady state. */
  async read(source: Binding): Promise<ArrayBuffer> {
    const offset = source.offset ?? 0;
    const size = source.size ?? source.buffer.size - offset;
    const staging = this.buffers.staging("read back", size);
    try {
      const [bytes] = await this.copyOut([{ source: { buffer: source.buffer, offset }, staging }]);
      return bytes!;
    } finally {
      this.buffers.destroy(staging);
    }
  }

  /**
   * Copies buffers to the host, as they are after everything submitted so far, through staging buffers of the caller's: as many
   * bytes as these have. Each is free again when the copies are there.
   *
   * @throws SupernetError("device") when the device has failed
   */
  copyOut(copies: readonly { readonly source: Binding; readonly staging: GPUBuffer }[]): Promise<ArrayBuffer[]> {
    const encoder = this.device.createCommandEncoder();
    for (const { source, staging } of copies) {
      encoder.copyBufferToBuffer(source.buffer, source.offset ?? 0, staging, 0, staging.size);
    }
    this.device.queue.submit([encoder.finish()]);
    return Promise.all(
      copies.map(async ({ staging }) => {
        const bytes = (await this.#map(staging)).slice(0);
        staging.unmap();
        return bytes;
      }),
    );
  }

  /** A lost device refuses to map, with an error that does not say so. */
  async #map(staging: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await this.wait(staging.mapAsync(GPUMapMode.READ));
    } catch (cause) {
      await this.buffers.confirm();
      this.check();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SupernetError("device", `results cannot be read from the GPU: ${why}`, { cause });
    }
    this.check();
    return staging.getMappedRange();
  }

  get pipelineCount(): number {
    return this.#pipelines.count;
  }

  /** Work on the device that nobody waits for any more. @param work does not reject */
  leave(work: Promise<unknown>): void {
    this.#leftovers.add(work);
    void work.finally(() => this.#leftovers.delete(work));
  }

  /**
   * Resolves when nothing is left under way; soon, once the device is gone. Dawn ends the process where a promise of its own is
   * open when its thread ends.
   */
  async settled(): Promise<void> {
    while (this.#leftovers.size > 0) await Promise.all(this.#leftovers);
    await this.buffers.settled();
  }

  dispose(): void {
    this.buffers.destroyAll();
    // Dawn holds what listens to a device, which would keep the device and all that was made on it.
    this.device.removeEventListener("uncapturederror", this.#onRefused);
  }
}
