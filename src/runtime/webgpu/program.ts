import { SupernetError } from "../../errors.ts";
import type { Graph, Node, OpAttrs, OpName, Output, ParamRole, TensorType, Value } from "../../graph/types.ts";
import type { Arena } from "./arena.ts";
import { type Binding, type BoundDispatch, type Engine, encodePass, type Kernel } from "./engine.ts";
import type { DispatchSpec, Kernels, Lower, TensorRef } from "./kernel.ts";
import { copy } from "./kernels/copy.ts";
import { kernels as allKernels } from "./kernels/index.ts";
import { storageBytes } from "./layout.ts";
import { planSlots } from "./planner.ts";
import type { Workspace } from "./workspace.ts";

/** Where a tensor is stored. Temporaries share slots; everything else has a place of its own. */
type Storage =
  | { readonly kind: "temporary"; readonly type: TensorType; first: number; last: number }
  | { readonly kind: "param"; readonly name: string; readonly role: ParamRole }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "grad"; readonly param: string; readonly role: ParamRole }
  /** The successor of a parameter (running statistics): the arena's shadow, copied back when the program ends. */
  | { readonly kind: "next"; readonly param: string; readonly role: ParamRole }
  | { readonly kind: "output"; readonly name: string; readonly type: TensorType };

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
  readonly #storages: readonly Storage[];
  readonly #dispatches: readonly DispatchSpec[];
  readonly #slotOf: ReadonlyMap<number, number>;
  readonly #workspace: Workspace;
  readonly #outputs: ReadonlyMap<string, { readonly buffer: GPUBuffer; readonly type: TensorType }>;

  /**
   * @param workspace temporaries, shared with other programs; the caller disposes it
   * @throws SupernetError("device") when a tensor does not fit the device, naming its module and the remedy; nothing has
   *   been created then.
   */
  constructor(engine: Engine, graph: Graph, workspace: Workspace, kernels: Kernels = allKernels) {
    const lowered = new Lowering(engine, graph, kernels);
    this.graph = graph;
    this.#engine = engine;
    this.#workspace = workspace;
    this.#storages = lowered.storages;
    this.#dispatches = lowered.dispatches;
    const temporaries = lowered.storages.flatMap((storage, id) =>
      storage.kind === "temporary" ? [{ storage, id }] : [],
    );
    const plan = planSlots(
      temporaries.map(({ storage }) => ({
        bytes: storageBytes(storage.type),
        first: storage.first,
        last: storage.last,
      })),
    );
    const shared = workspace.reserve(plan.slotBytes);
    this.#slotOf = new Map(temporaries.map(({ id }, index) => [id, shared[plan.slotOf[index]!]!]));
    const outputs = new Map<string, { buffer: GPUBuffer; type: TensorType }>();
    this.#outputs = outputs;
    try {
      for (const storage of lowered.storages) {
        if (storage.kind !== "output") continue;
        const buffer = engine.buffers.storage(`output ${storage.name}`, storageBytes(storage.type));
        outputs.set(storage.name, { buffer, type: storage.type });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get dispatchCount(): number {
    return this.#dispatches.length;
  }

  /** Buffer and type of an output that has no arena slot. */
  output(name: string): { readonly buffer: GPUBuffer; readonly type: TensorType } {
    const output = this.#outputs.get(name);
    if (!output) throw new Error(`the program has no output ${name}`);
    return output;
  }

  /** @throws SupernetError("device") where a shader or a limit stands against it. */
  async bind(bindings: ProgramBindings): Promise<BoundProgram> {
    const bound = this.#dispatches.map(
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
      const names = this.#storages.flatMap((storage) =>
        storage.kind === "next" && storage.role === role ? [storage.param] : [],
      );
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

  #resolve(id: number, { arenas, inputs }: ProgramBindings): Binding {
    const storage = this.#storages[id]!;
    switch (storage.kind) {
      case "temporary":
        return { buffer: this.#workspace.slots()[this.#slotOf.get(id)!]!, size: storageBytes(storage.type) };
      case "output":
        return { buffer: this.#outputs.get(storage.name)!.buffer };
      case "input":
        return { buffer: required(inputs[storage.name], `input ${storage.name}`) };
      case "param":
        return arenaBinding(arenas.params, storage.role, storage.name);
      case "grad":
        return arenaBinding(arenas.grads, storage.role, storage.param);
      case "next":
        return arenaBinding(arenas.next, storage.role, storage.param);
    }
  }
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

function arenaBinding(arenas: Partial<Record<ParamRole, Arena>>, role: ParamRole, param: string): Binding {
  const arena = required(arenas[role], `the ${role} arena`);
  const { offset, size } = arena.layout.slot(param);
  return { buffer: arena.buffer, offset: offset * 4, size: size * 4 };
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`program bound without ${what}`);
  return value;
}

/** Walks the graph once: gives every tensor a storage with its lifetime and lists the dispatches. */
class Lowering {
  readonly storages: Storage[] = [];
  readonly dispatches: DispatchSpec[] = [];
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #refs: TensorRef[] = [];

  constructor(engine: Engine, graph: Graph, kernels: Kernels) {
    this.#engine = engine;
    this.#graph = graph;
    const lastUse = new Map<Value, number>();
    graph.nodes.forEach((node, index) => {
      for (const input of node.inputs) lastUse.set(input, index);
    });
    const direct = this.#directOutputs(lastUse);
    graph.nodes.forEach((node, index) => {
      this.#lower(node, index as Value, lastUse, direct.get(index as Value), kernels);
    });
    for (const output of graph.outputs) {
      if (direct.get(output.value) === output) continue;
      const from = this.#refs[output.value]!;
      this.#keepAlive(from, graph.nodes.length);
      this.#run(
        graph.nodes[output.value]!,
        graph.nodes.length,
        [from],
        this.#place(from.type, this.#outputStorage(output, from.type)),
        copy,
      );
    }
  }

  /**
   * Outputs that their node can write in place. A value that is read again, by a node or to fill another output, is not
   * written into an arena directly: the same buffer would be bound for reading and writing in one dispatch.
   */
  #directOutputs(lastUse: ReadonlyMap<Value, number>): Map<Value, Output> {
    const direct = new Map<Value, Output>();
    const { outputs } = this.#graph;
    const times = new Map<Value, number>();
    for (const { value } of outputs) times.set(value, (times.get(value) ?? 0) + 1);
    for (const output of outputs) {
      const { op } = this.#graph.nodes[output.value]!;
      if (op === "input" || op === "param" || direct.has(output.value)) continue;
      if (output.into && (lastUse.has(output.value) || times.get(output.value)! > 1)) continue;
      direct.set(output.value, output);
    }
    return direct;
  }

  #lower(
    node: Node,
    value: Value,
    lastUse: ReadonlyMap<Value, number>,
    output: Output | undefined,
    kernels: Kernels,
  ): void {
    if (node.op === "input") {
      const { name } = node.attrs as OpAttrs["input"];
      this.#refs.push(this.#place(node.type, { kind: "input", name }));
      return;
    }
    if (node.op === "param") {
      const { name, role } = node.attrs as OpAttrs["param"];
      this.#refs.push(this.#place(node.type, { kind: "param", name, role }));
      return;
    }
    const lower = kernels[node.op] as Lower<OpName> | undefined;
    if (!lower) throw new Error(`no WebGPU kernel for ${node.op}`);
    const storage: Storage = output
      ? this.#outputStorage(output, node.type)
      : { kind: "temporary", type: node.type, first: value, last: lastUse.get(value) ?? value };
    const target = this.#place(node.type, storage);
    this.#refs.push(target);
    const inputs = node.inputs.map((input) => this.#refs[input]!);
    this.#run(node, value, inputs, target, lower);
  }

  #run(node: Node, at: number, inputs: readonly TensorRef[], output: TensorRef, lower: Lower<OpName>): void {
    const { tuning, buffers } = this.#engine;
    try {
      buffers.require(node.op, storageBytes(output.type));
      lower({
        node,
        inputs,
        output,
        tuning,
        scratch: (type) => {
          buffers.require(`${node.op} (intermediate results)`, storageBytes(type));
          return this.#place(type, { kind: "temporary", type, first: at, last: at });
        },
        dispatch: (spec) => this.dispatches.push({ ...spec, module: node.scope || node.op }),
      });
    } catch (error) {
      if (!(error instanceof SupernetError)) throw error;
      throw new SupernetError(error.code, node.scope ? `${node.scope}: ${error.message}` : error.message, {
        cause: error,
      });
    }
  }

  #outputStorage(output: Output, type: TensorType): Storage {
    if (!output.into) return { kind: "output", name: output.name, type };
    const { arena, param } = output.into;
    const spec = this.#graph.params.find((candidate) => candidate.name === param);
    if (!spec) throw new Error(`output ${output.name} goes into unknown parameter ${param}`);
    return { kind: arena === "grad" ? "grad" : "next", param, role: spec.role };
  }

  #place(type: TensorType, storage: Storage): TensorRef {
    this.storages.push(storage);
    return { type, storage: this.storages.length - 1 };
  }

  #keepAlive(ref: TensorRef, until: number): void {
    const storage = this.storages[ref.storage]!;
    if (storage.kind === "temporary") storage.last = Math.max(storage.last, until);
  }
}
