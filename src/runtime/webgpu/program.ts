import type { Graph, ParamRole, TensorType } from "../../graph/types.ts";
import type { Arena } from "./arena.ts";
import { type Binding, type BoundDispatch, type Engine, encodePass, type Kernel } from "./engine.ts";
import type { DispatchSpec, Kernels } from "./kernel.ts";
import { kernels as allKernels } from "./kernels/index.ts";
import { storageBytes } from "./layout.ts";
import { Lowering, type Storage } from "./lowering.ts";
import type { Place } from "./planner.ts";
import { planTemporaries } from "./temporaries.ts";
import type { Workspace } from "./workspace.ts";

/** The arenas a bound program reads and writes, by role. `next` shadows `params` where a program updates parameters. */
export interface ProgramArenas {
  readonly params: Partial<Record<ParamRole, Arena>>;
  readonly grads: Partial<Record<ParamRole, Arena>>;
  readonly next: Partial<Record<ParamRole, Arena>>;
}

export interface ProgramBindings {
  readonly arenas: ProgramArenas;
  /** Buffers of the graph's inputs in the storage of kernel.ts. */
  readonly inputs: Readonly<Record<string, GPUBuffer>>;
  /** Uniform buffer of shaders/step.wesl; needed when the graph draws random numbers. */
  readonly step?: GPUBuffer;
}

/** A program with all its buffers known; encoding creates no GPU object. */
export interface BoundProgram {
  /** Appends the program's compute pass and the copies after it. */
  encode(encoder: GPUCommandEncoder): void;
  dispose(): void;
}

/**
 * A graph compiled for one device: dispatches listed, temporaries planned into shared buffers, outputs allocated.
 *
 * The graph is run in the order of its nodes. Outputs belong to the program; temporaries lie in a workspace; parameters,
 * gradients and inputs are bound from outside, so that the same program runs on other weights (w', w+, w-) by binding another arena.
 */
export class Program {
  readonly graph: Graph;
  readonly #engine: Engine;
  readonly #kernels: Kernels;
  readonly #workspace: Workspace;
  #lowered: Lowered;
  readonly #outputs: ReadonlyMap<string, { readonly buffer: GPUBuffer; readonly type: TensorType }>;

  /**
   * @param workspace temporaries, shared with other programs; the caller disposes it
   * @throws SupernetError("device") when a tensor does not fit the device, naming its module and the remedy; nothing has
   *   been created then.
   */
  constructor(engine: Engine, graph: Graph, workspace: Workspace, kernels: Kernels = allKernels) {
    this.graph = graph;
    this.#engine = engine;
    this.#kernels = kernels;
    this.#workspace = workspace;
    this.#lowered = this.#lower();
    const outputs = new Map<string, { buffer: GPUBuffer; type: TensorType }>();
    this.#outputs = outputs;
    try {
      for (const storage of this.#lowered.storages) {
        if (storage.kind !== "output") continue;
        const buffer = engine.buffers.storage(`output ${storage.name}`, storageBytes(storage.type), "outputs");
        outputs.set(storage.name, { buffer, type: storage.type });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #lower(): Lowered {
    const { storages, dispatches } = new Lowering(this.#engine, this.graph, this.#kernels);
    const { places, bufferBytes } = planTemporaries(storages, dispatches);
    return { storages, dispatches, places, shared: this.#workspace.reserve(bufferBytes) };
  }

  /** Chooses variants of kernels by what is known now; what is bound already stays as it is. */
  relower(): void {
    this.#lowered = this.#lower();
  }

  get dispatchCount(): number {
    return this.#lowered.dispatches.length;
  }

  /** Buffer and type of an output that has no arena slot. */
  output(name: string): { readonly buffer: GPUBuffer; readonly type: TensorType } {
    const output = this.#outputs.get(name);
    if (!output) throw new Error(`the program has no output ${name}`);
    return output;
  }

  /** @throws SupernetError("device") where a shader or a limit stands against it. */
  async bind(bindings: ProgramBindings): Promise<BoundProgram> {
    const bound = this.#lowered.dispatches.map(
      (spec): BoundDispatch => ({
        ...spec,
        reads: spec.reads.map((ref) => this.#resolve(ref.storage, bindings)),
        writes: spec.writes.map((ref) => this.#resolve(ref.storage, bindings)),
        step: spec.step ? required(bindings.step, "the step uniform") : undefined,
      }),
    );
    const { kernels, dispose } = await this.#engine.kernels(bound, "program");
    const copies = this.#updates(bindings.arenas);
    return { encode: (encoder) => encodeAll(encoder, kernels, copies), dispose };
  }

  dispose(): void {
    for (const { buffer } of this.#outputs.values()) this.#engine.buffers.destroy(buffer);
  }

  /** Copies from the shadows to the parameters, neighbours joined: usually one copy for all running statistics. */
  #updates(arenas: ProgramArenas): Copy[] {
    const copies: Copy[] = [];
    for (const role of ["weights", "alphas", "state"] as const) {
      const named = this.#lowered.storages.flatMap((storage) =>
        storage.kind === "next" && storage.role === role ? storage.names : [],
      );
      const names = [...new Set(named)];
      if (names.length === 0) continue;
      const from = required(arenas.next[role], `the shadow of the ${role} arena`);
      const to = required(arenas.params[role], `the ${role} arena`);
      const ranges = names.map((name) => to.layout.range(name)).sort((a, b) => a.start - b.start);
      let open: Copy | undefined;
      for (const { start, end } of ranges) {
        if (open && open.offset + open.size === start * 4) open.size = end * 4 - open.offset;
        else {
          open = { from: from.buffer, to: to.buffer, offset: start * 4, size: (end - start) * 4 };
          copies.push(open);
        }
      }
    }
    return copies;
  }

  #resolve(id: number, { arenas, inputs }: Omit<ProgramBindings, "step">): Binding {
    const storage = this.#lowered.storages[id]!;
    switch (storage.kind) {
      case "temporary": {
        const { buffer, offset } = this.#lowered.places.get(id)!;
        return {
          buffer: this.#workspace.buffers()[this.#lowered.shared[buffer]!]!,
          offset,
          size: storageBytes(storage.type),
        };
      }
      case "view": {
        const { buffer, offset = 0 } = this.#resolve(storage.of, { arenas, inputs });
        return { buffer, offset: offset + storage.offset, size: storageBytes(storage.type) };
      }
      case "output":
        return { buffer: this.#outputs.get(storage.name)!.buffer };
      case "input":
        return { buffer: required(inputs[storage.name], `input ${storage.name}`) };
      case "param":
        return arenaBinding(arenas.params, storage.role, storage.names);
      case "grad":
        return arenaBinding(arenas.grads, storage.role, storage.names);
      case "next":
        return arenaBinding(arenas.next, storage.role, storage.names);
    }
  }
}

/** What a graph becomes with the variants of kernels that were chosen. */
interface Lowered {
  readonly storages: readonly Storage[];
  readonly dispatches: readonly DispatchSpec[];
  readonly places: ReadonlyMap<number, Place>;
  /** The workspace's buffer for each of the plan's. */
  readonly shared: readonly number[];
}

/** A range of bytes that two buffers of one layout share. */
interface Copy {
  readonly from: GPUBuffer;
  readonly to: GPUBuffer;
  readonly offset: number;
  size: number;
}

function encodeAll(encoder: GPUCommandEncoder, kernels: readonly Kernel[], copies: readonly Copy[]) {
  encodePass(encoder, kernels);
  for (const { from, to, offset, size } of copies) encoder.copyBufferToBuffer(from, offset, to, offset, size);
}

function arenaBinding(arenas: Partial<Record<ParamRole, Arena>>, role: ParamRole, names: readonly string[]): Binding {
  const arena = required(arenas[role], `the ${role} arena`);
  const { start, end } = arena.layout.span(names);
  return { buffer: arena.buffer, offset: start * 4, size: (end - start) * 4 };
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`program bound without ${what}`);
  return value;
}
