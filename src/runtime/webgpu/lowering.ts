import { SupernetError } from "../../errors.ts";
import { membersOf } from "../../graph/members.ts";
import {
  elements,
  flat,
  type Graph,
  type Node,
  type OpAttrs,
  type OpName,
  type Output,
  type ParamRole,
  type TensorType,
  type Value,
} from "../../graph/types.ts";
import { ArenaLayout } from "./arena.ts";
import { DoesNotFit } from "./does-not-fit.ts";
import type { Engine } from "./engine.ts";
import type { DispatchSpec, EpilogueTarget, Kernels, Lower, Span, SumJob, TensorRef } from "./kernel.ts";
import { copy } from "./kernels/copy.ts";
import { sumParts } from "./kernels/sum-parts.ts";
import { storageBytes } from "./layout.ts";

/** Where a tensor is stored. Temporaries share buffers; everything else has a place of its own. */
export type Storage =
  | { readonly kind: "temporary"; readonly type: TensorType }
  /** Part of a temporary; `offset` in bytes, a multiple of 256. */
  | { readonly kind: "view"; readonly type: TensorType; readonly of: number; readonly offset: number }
  /** The smallest part of an arena that holds these parameters (or their gradients, or their successors). */
  | { readonly kind: "param"; readonly names: readonly string[]; readonly role: ParamRole }
  | { readonly kind: "grad"; readonly names: readonly string[]; readonly role: ParamRole }
  /** Successors of parameters (running statistics): the arena's shadow, copied back when the program ends. */
  | { readonly kind: "next"; readonly names: readonly string[]; readonly role: ParamRole }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "output"; readonly name: string; readonly type: TensorType };

type ArenaStorage = Extract<Storage, { readonly names: readonly string[] }>;

/** Elements between tensors in scratch storage, so that each can be bound by itself. */
const VIEW_STEP = 64;

/** Bytes of parts that wait to be added up together. */
const SHARED_PARTIALS = 8 * 2 ** 20;

interface OpenSums {
  readonly storage: number;
  bytes: number;
  readonly jobs: SumJob[];
}

/** Walks the graph once: gives every tensor a storage and lists the dispatches. */
export class Lowering {
  readonly storages: Storage[] = [];
  readonly dispatches: DispatchSpec[] = [];
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #kernels: Kernels;
  readonly #layouts = new Map<ParamRole, ArenaLayout>();
  readonly #refs = new Map<Value, TensorRef>();
  readonly #users = new Map<Value, number[]>();
  readonly #followers: ReadonlyMap<Value, readonly Value[]>;
  /** Sums that wait for others; their parts lie one after another in one temporary. */
  #open: OpenSums | undefined;
  /** Followers and parts that leave for an arena: another node's kernel has written them. */
  readonly #done = new Set<Value>();

  constructor(engine: Engine, graph: Graph, kernels: Kernels) {
    this.#engine = engine;
    this.#graph = graph;
    this.#kernels = kernels;
    this.#followers = new Map(graph.epilogues?.map(({ producer, followers }) => [producer, followers]));
    graph.nodes.forEach((node, index) => {
      for (const input of node.inputs) {
        const users = this.#users.get(input);
        if (users) users.push(index);
        else this.#users.set(input, [index]);
      }
    });
    const direct = this.#directOutputs();
    graph.nodes.forEach((_, index) => {
      this.#lower(index as Value, direct);
    });
    this.#closeSums();
    for (const output of graph.outputs) {
      if (direct.get(output.value) === output) continue;
      const from = this.#refs.get(output.value)!;
      const node = graph.nodes[output.value]!;
      const to = this.#place(from.type, this.#outputStorage(output, from.type));
      this.#run(node, [from], to, copy);
    }
  }

  /**
   * Outputs that their node can write in place. A value that is read again, by a node or to fill another output, is not
   * written into an arena directly: the same buffer would be bound for reading and writing in one dispatch.
   */
  #directOutputs(): Map<Value, Output> {
    const direct = new Map<Value, Output>();
    const { outputs } = this.#graph;
    const times = new Map<Value, number>();
    for (const { value } of outputs) times.set(value, (times.get(value) ?? 0) + 1);
    for (const output of outputs) {
      const { op } = this.#graph.nodes[output.value]!;
      if (op === "input" || op === "param" || direct.has(output.value)) continue;
      if (output.into && (this.#users.has(output.value) || times.get(output.value)! > 1)) continue;
      direct.set(output.value, output);
    }
    return direct;
  }

  #lower(value: Value, direct: ReadonlyMap<Value, Output>): void {
    if (this.#done.has(value)) return;
    const node = this.#graph.nodes[value]!;
    if (node.op === "input") {
      const { name } = node.attrs as OpAttrs["input"];
      this.#refs.set(value, this.#place(node.type, { kind: "input", name }));
      return;
    }
    if (node.op === "param") {
      const { name, role } = node.attrs as OpAttrs["param"];
      this.#refs.set(value, this.#place(node.type, { kind: "param", names: [name], role }));
      return;
    }
    const lower = this.#kernels[node.op] as Lower<OpName> | undefined;
    if (!lower) throw new Error(`no WebGPU kernel for ${node.op}`);
    const target = this.#target(value, direct);
    const inputs = node.inputs.map((input) => this.#refs.get(input)!);
    const epilogues = (this.#followers.get(value) ?? []).map((follower): EpilogueTarget => {
      const { inputs: reads } = this.#graph.nodes[follower]!;
      this.#done.add(follower);
      const output = this.#target(follower, direct);
      return { node: this.#graph.nodes[follower]!, inputs: reads.map((input) => this.#refs.get(input)!), output };
    });
    this.#run(node, inputs, target, lower, epilogues, (sizes) => this.#parts(value, sizes, target, direct));
  }

  /** The storage of a node's result. */
  #target(value: Value, direct: ReadonlyMap<Value, Output>): TensorRef {
    const { type } = this.#graph.nodes[value]!;
    const output = direct.get(value);
    const ref = this.#place(type, output ? this.#outputStorage(output, type) : { kind: "temporary", type });
    this.#refs.set(value, ref);
    return ref;
  }

  #run(
    node: Node,
    inputs: readonly TensorRef[],
    output: TensorRef,
    lower: Lower<OpName>,
    epilogues: readonly EpilogueTarget[] = [],
    parts: (sizes: readonly number[]) => Span = () => ({ ref: output, offsets: [0] }),
  ): void {
    const { tuning, buffers } = this.#engine;
    const module = node.scope || node.op;
    const members = membersOf(this.#graph, node);
    const dispatch = (spec: DispatchSpec) => {
      const whole = spec.writes[0]?.storage === output.storage;
      this.dispatches.push({ ...spec, module, ...(whole && members.length > 0 && { members }) });
    };
    const scratch = (type: TensorType) => {
      buffers.require(`${node.op} (intermediate results)`, storageBytes(type));
      return this.#place(type, { kind: "temporary", type });
    };
    try {
      buffers.require(node.op, storageBytes(output.type));
      lower({
        node,
        inputs,
        output,
        tuning,
        scratch,
        span: (refs) => this.#span(refs, scratch, (from, to) => this.#run(node, [from], to, copy)),
        parts,
        partials: (type) => this.#partials(type),
        sum: (job) => this.#sum(job, dispatch),
        epilogues,
        dispatch,
      });
    } catch (error) {
      if (!(error instanceof SupernetError)) throw error;
      if (error instanceof DoesNotFit) throw node.scope ? error.in(node.scope) : error;
      throw new SupernetError(error.code, node.scope ? `${node.scope}: ${error.message}` : error.message, {
        cause: error,
      });
    }
  }

  #span(
    refs: readonly TensorRef[],
    scratch: (type: TensorType) => TensorRef,
    copyTo: (from: TensorRef, to: TensorRef) => void,
  ): Span {
    const [first] = refs as [TensorRef];
    if (refs.length === 1) return { ref: first, offsets: [0] };
    const storages = refs.map(({ storage }) => this.storages[storage]!);
    const [{ kind }] = storages as [Storage];
    if (kind === "param" && storages.every((storage) => storage.kind === "param")) {
      const roles = new Set(storages.map(({ role }) => role));
      const names = storages.flatMap((storage) => storage.names);
      if (roles.size === 1) return this.#arenaSpan({ kind, names, role: storages[0]!.role });
    }
    const offsets: number[] = [];
    let total = 0;
    for (const { type } of refs) {
      offsets.push(total);
      total += Math.ceil(elements(type) / VIEW_STEP) * VIEW_STEP;
    }
    const joined = scratch(flat([total]));
    refs.forEach((from, index) => {
      const view: Storage = { kind: "view", type: from.type, of: joined.storage, offset: offsets[index]! * 4 };
      copyTo(from, this.#place(from.type, view));
    });
    return { ref: joined, offsets };
  }

  /** The parts go to an arena if each is taken by one slice that does nothing but leave for the same arena. */
  #parts(value: Value, sizes: readonly number[], target: TensorRef, direct: ReadonlyMap<Value, Output>): Span {
    const starts = new Map<number, Value>();
    const users = this.#users.get(value) ?? [];
    for (const user of users) {
      const node = this.#graph.nodes[user]!;
      if (node.op === "flat_slice") starts.set((node.attrs as OpAttrs["flat_slice"]).start, user as Value);
    }
    const offsets: number[] = [];
    const storages: ArenaStorage[] = [];
    let total = 0;
    for (const size of sizes) {
      offsets.push(total);
      const slice = starts.get(total);
      const output = slice === undefined ? undefined : direct.get(slice);
      const type = slice === undefined ? undefined : this.#graph.nodes[slice]!.type;
      if (output?.into && type && elements(type) === size) {
        storages.push(this.#outputStorage(output, type) as ArenaStorage);
      }
      total += size;
    }
    const [first] = storages;
    const one = first && storages.every(({ kind, role }) => kind === first.kind && role === first.role);
    if (!one || storages.length < sizes.length || users.length > sizes.length || direct.has(value)) {
      return { ref: target, offsets };
    }
    for (const slice of starts.values()) this.#done.add(slice);
    const span = this.#arenaSpan({ ...first, names: storages.flatMap(({ names }) => names) });
    // Nothing is left to be stored in a temporary.
    this.storages[target.storage] = this.storages[span.ref.storage]!;
    return span;
  }

  /** A part of the temporary that sums share; a new one when it is full. */
  #partials(type: TensorType): TensorRef {
    const bytes = storageBytes(type);
    if (this.#open && this.#open.bytes + bytes > SHARED_PARTIALS) this.#closeSums();
    this.#open ??= { storage: this.#place(type, { kind: "temporary", type }).storage, bytes: 0, jobs: [] };
    const { storage, bytes: offset } = this.#open;
    this.#open.bytes += Math.ceil(bytes / (4 * VIEW_STEP)) * 4 * VIEW_STEP;
    this.storages[storage] = { kind: "temporary", type: flat([this.#open.bytes / 4]) };
    return this.#place(type, { kind: "view", type, of: storage, offset });
  }

  #sum(job: SumJob, dispatch: (spec: DispatchSpec) => void): void {
    const { kind } = this.storages[job.to.ref.storage]!;
    if (kind === "grad") {
      this.#open!.jobs.push(job);
      return;
    }
    const { chunks, sections, to } = job;
    const now = [{ first: 0, chunks, sections, offsets: to.offsets }];
    for (const spec of sumParts(now, job.parts, to.ref, this.#engine.tuning)) dispatch(spec);
  }

  /** Adds up what waits, by arena. */
  #closeSums(): void {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return;
    const parts = { type: flat([open.bytes / 4]), storage: open.storage };
    const storageOf = ({ to }: SumJob) => this.storages[to.ref.storage] as ArenaStorage;
    for (const role of new Set(open.jobs.map((job) => storageOf(job).role))) {
      const jobs = open.jobs.filter((job) => storageOf(job).role === role);
      const all = this.#arenaSpan({ kind: "grad", role, names: jobs.flatMap((job) => storageOf(job).names) });
      const layout = this.#layouts.get(role)!;
      const start = layout.span(jobs.flatMap((job) => storageOf(job).names)).start;
      const placed = jobs.map((job) => {
        const shift = layout.span(storageOf(job).names).start - start;
        const view = this.storages[job.parts.storage] as Extract<Storage, { kind: "view" }>;
        return { ...job, first: view.offset / 16, offsets: job.to.offsets.map((offset) => offset + shift) };
      });
      for (const spec of sumParts(placed, parts, all.ref, this.#engine.tuning)) {
        this.dispatches.push({ ...spec, module: `gradients of the ${role}` });
      }
    }
  }

  #arenaSpan(storage: ArenaStorage): Span {
    const { names, role } = storage;
    const layout = this.#layouts.get(role) ?? new ArenaLayout(this.#graph.params, role);
    this.#layouts.set(role, layout);
    const { start, end } = layout.span(names);
    return {
      ref: this.#place(flat([end - start]), storage),
      offsets: names.map((name) => layout.slot(name).offset - start),
    };
  }

  #outputStorage(output: Output, type: TensorType): Storage {
    if (!output.into) return { kind: "output", name: output.name, type };
    const { arena, param } = output.into;
    const spec = this.#graph.params.find((candidate) => candidate.name === param);
    if (!spec) throw new Error(`output ${output.name} goes into unknown parameter ${param}`);
    return { kind: arena === "grad" ? "grad" : "next", names: [param], role: spec.role };
  }

  #place(type: TensorType, storage: Storage): TensorRef {
    this.storages.push(storage);
    return { type, storage: this.storages.length - 1 };
  }
}
