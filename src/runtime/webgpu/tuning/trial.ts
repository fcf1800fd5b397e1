import { SupernetError } from "../../../errors.ts";
import { elements, type Graph, type OpAttrs, type ParamRole, type TensorType } from "../../../graph/types.ts";
import { Arena, ArenaLayout } from "../arena.ts";
import type { Engine, Kernel } from "../engine.ts";
import type { Kernels } from "../kernel.ts";
import { Program, type ProgramBindings } from "../program.ts";
import { Recorder } from "../recorder.ts";
import { packStep, STEP_BYTES } from "../step.ts";
import { Workspace } from "../workspace.ts";
import { dummyParam, dummyTensor } from "./dummies.ts";

/** A result of a graph as it is stored. */
export interface TrialOutput {
  readonly name: string;
  readonly type: TensorType;
  readonly data: ArrayBuffer;
}

/** A graph compiled with some kernels, on the data of its trial. */
export interface Contender {
  readonly kernels: readonly Kernel[];
  outputs(): Promise<TrialOutput[]>;
  dispose(): void;
}

/** A small graph on made-up numbers, to be compiled with one set of kernels after another. */
export class Trial {
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #workspace: Workspace;
  readonly #buffers: GPUBuffer[] = [];
  readonly #arenas: Arena[] = [];
  readonly #bindings: ProgramBindings;
  /** Elements of the largest tensor: no sum in a kernel has more terms, nearly. */
  readonly terms: number;

  /** @throws SupernetError("device") when the graph's inputs do not fit the device; nothing is left then */
  constructor(engine: Engine, graph: Graph) {
    this.#engine = engine;
    this.#graph = graph;
    this.#workspace = new Workspace(engine.buffers);
    this.#bindings = engine.buffers.attempt(() => this.#makeBindings());
    this.terms = Math.max(...graph.nodes.map(({ type }) => elements(type)));
  }

  #makeBindings(): ProgramBindings {
    const { buffers, device } = this.#engine;
    const { nodes, params: specs } = this.#graph;
    const inputs: Record<string, GPUBuffer> = {};
    for (const { op, attrs, type } of nodes) {
      if (op !== "input") continue;
      const { name } = attrs as OpAttrs["input"];
      const data = dummyTensor(type);
      inputs[name] = this.#own(buffers.storage(`trial ${name}`, data.byteLength));
      device.queue.writeBuffer(inputs[name], 0, data);
    }
    const params: Partial<Record<ParamRole, Arena>> = {};
    for (const role of new Set(specs.map((spec) => spec.role))) {
      const arena = new Arena(buffers, new ArenaLayout(specs, role), `trial ${role}`);
      this.#arenas.push(arena);
      const values = new Map(specs.map((spec) => [spec.name, dummyParam(spec)]));
      device.queue.writeBuffer(arena.buffer, 0, arena.layout.pack(values));
      params[role] = arena;
    }
    const step = this.#own(buffers.uniform("step", STEP_BYTES));
    device.queue.writeBuffer(step, 0, packStep({}));
    return { arenas: { params, grads: {}, next: {} }, inputs, step };
  }

  #own(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }

  /**
   * Compiles the graph with these kernels and runs it once, since drivers put off work until then.
   * @throws SupernetError("device") when that exceeds what the device has or allows; nothing is left then
   */
  async compile(kernels: Kernels): Promise<Contender> {
    const { device } = this.#engine;
    const disposers: (() => void)[] = [];
    const dispose = () => {
      for (const each of disposers) each();
    };
    // A variant that the device refuses is no failure of the run: the engine must not hear of it.
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    let failure: unknown;
    let contender: Contender | undefined;
    try {
      const program = new Program(this.#engine, this.#graph, this.#workspace, kernels);
      disposers.push(() => program.dispose());
      const bound = await program.bind(this.#bindings);
      disposers.push(() => bound.dispose());
      const recorder = new Recorder();
      bound.encode(recorder.encoder);
      const encoder = device.createCommandEncoder();
      bound.encode(encoder);
      device.queue.submit([encoder.finish()]);
      contender = { kernels: recorder.kernels, outputs: () => this.#outputs(program), dispose };
    } catch (error) {
      failure = error;
    }
    const scopes = [await device.popErrorScope(), await device.popErrorScope()];
    const refused = scopes.find((error) => error !== null);
    if (refused && !failure) failure = new SupernetError("device", refused.message);
    if (!failure && contender) return contender;
    dispose();
    throw failure;
  }

  #outputs(program: Program): Promise<TrialOutput[]> {
    const outputs = this.#graph.outputs.map(async ({ name }) => {
      const output = program.output(name);
      return { name, type: output.type, data: await this.#engine.read(output) };
    });
    return Promise.all(outputs);
  }

  dispose(): void {
    for (const buffer of this.#buffers) this.#engine.buffers.destroy(buffer);
    for (const arena of this.#arenas) arena.dispose();
    this.#workspace.dispose();
  }
}

/**
 * Says where two runs of a graph on dummy numbers differ by more than rounding explains; undefined where they do not.
 *
 * Each result is a sum of at most `terms` terms. Their rounding errors, 2^-24 of the largest each and of either sign, add up
 * like sqrt(terms); 8 covers what is rounded within a term and norms of the dummies, which are at most 1 and spread about 0.6;
 * and both runs are off by that much.
 */
export function disagreement(
  expected: readonly TrialOutput[],
  actual: readonly TrialOutput[],
  terms: number,
): string | undefined {
  for (const [index, { name, type, data }] of expected.entries()) {
    const other = actual[index]!.data;
    const found =
      type.dtype === "u32"
        ? differing(new Uint32Array(data), new Uint32Array(other), 0)
        : differing(new Float32Array(data), new Float32Array(other), 2 * 8 * 2 ** -24 * Math.sqrt(terms));
    if (found) return `${name}${found}`;
  }
  return undefined;
}

type Numbers = Float32Array | Uint32Array;

/** Tensors have millions of elements: what is done for each is kept short. */
function differing(want: Numbers, got: Numbers, tolerance: number): string | undefined {
  const bound = tolerance * (largest(want) + 1);
  for (let at = 0; at < want.length; at++) {
    // Not `>`: NaN must differ from a number; it equals itself.
    if (!(Math.abs(want[at]! - got[at]!) <= bound) && !Object.is(want[at], got[at])) {
      return `[${at}] is ${got[at]}, not ${want[at]} +- ${bound}`;
    }
  }
  return undefined;
}

/** Of the finite ones. */
function largest(data: Numbers): number {
  let result = 0;
  for (let at = 0; at < data.length; at++) {
    const size = Math.abs(data[at]!);
    if (size > result && size < Number.POSITIVE_INFINITY) result = size;
  }
  return result;
}
