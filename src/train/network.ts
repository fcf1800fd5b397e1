import type { NetworkDesc } from "../desc/network-desc.ts";
import type { Graph, ParamRole, ParamSpec } from "../graph/types.ts";
import { Arena, type ArenaLayout } from "../runtime/webgpu/arena.ts";
import type { BufferRole } from "../runtime/webgpu/buffers.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { Program } from "../runtime/webgpu/program.ts";
import { Workspace } from "../runtime/webgpu/workspace.ts";
import {
  candidateDistancesGraph,
  evaluationGraph,
  type NetworkShape,
  type PassOptions,
  type TrainingSettings,
  trainingGraph,
} from "./graphs.ts";
import { initialValues } from "./initial-values.ts";
import { byRole, type Parameters, packParameters, parametersOf, ROLES, readParameters } from "./parameters.ts";

export type Arenas = Readonly<Record<ParamRole, Arena>>;

/**
 * A model on the device: its parameters in arenas, and programs compiled from its description on request. All its programs
 * share one workspace, so they must run one after another.
 */
export class Network implements Parameters {
  readonly desc: NetworkDesc;
  readonly shape: NetworkShape;
  readonly engine: Engine;
  readonly params: readonly ParamSpec[];
  readonly layouts: Readonly<Record<ParamRole, ArenaLayout>>;
  /** Weights, alphas and running statistics, zero until `initialise` or `load`. */
  readonly arenas: Arenas;
  /** Where training programs put new running statistics before they replace the old ones. */
  readonly stateShadow: Arena;
  readonly #passes: PassOptions;
  readonly #workspace: Workspace;
  readonly #programs: Program[] = [];
  readonly #extra: Arena[] = [];

  /**
   * @param passes how its graphs are optimized
   * @throws SupernetError("desc" or "graph") when the description cannot be lowered, "device" when it does not fit
   */
  constructor(engine: Engine, desc: NetworkDesc, shape: NetworkShape, passes: PassOptions = {}) {
    this.#passes = passes;
    this.engine = engine;
    this.desc = desc;
    this.shape = shape;
    ({ params: this.params, layouts: this.layouts } = parametersOf(desc, shape));
    this.#workspace = new Workspace(engine.buffers);
    [this.arenas, this.stateShadow] = engine.buffers.attempt(() => [
      byRole((role) => this.arena(role, "parameters", "parameters")),
      this.arena("state", "next", "parameters"),
    ]);
  }

  /**
   * Another vector laid out like this network's parameters of one role (gradients, momentum, …), zero; disposed with it.
   * @param use what its memory is counted as
   */
  arena(role: ParamRole, purpose: string, use: BufferRole): Arena {
    const arena = new Arena(this.engine.buffers, this.layouts[role], `${role} ${purpose}`, use);
    this.#extra.push(arena);
    return arena;
  }

  trainingProgram(settings: TrainingSettings, batch = this.shape.batch): Program {
    return this.#compile(trainingGraph(this.desc, { ...this.shape, batch }, settings, this.#passes));
  }

  evaluationProgram(smoothing: number, batch = this.shape.batch): Program {
    return this.#compile(evaluationGraph(this.desc, { ...this.shape, batch }, smoothing, this.#passes));
  }

  /** See `candidateDistancesGraph`. */
  candidateDistancesProgram(batch = this.shape.batch): Program {
    return this.#compile(candidateDistancesGraph(this.desc, { ...this.shape, batch }, this.#passes));
  }

  #compile(graph: Graph): Program {
    const program = new Program(this.engine, graph, this.#workspace);
    this.#programs.push(program);
    return program;
  }

  /**
   * To be called when all programs are requested, before anything is measured or bound for them.
   * @throws DoesNotFit when their temporaries are beyond the memory there is
   */
  requireMemory(): void {
    this.engine.buffers.requireMemory(this.#workspace.bytes);
  }

  /**
   * Has the engine's tuner, if there is one, choose among the variants of kernels. To be called when all programs are
   * requested and before they are bound.
   * @throws SupernetError("device") when the device fails; the reason of the tuner's signal when that is aborted
   */
  async tune(): Promise<void> {
    const graphs = this.#programs.map(({ graph }) => graph);
    if (!(await this.engine.tuner?.tune(this.engine, graphs))) return;
    this.#workspace.clear();
    for (const program of this.#programs) program.relower();
  }

  /** Draws every parameter's start from random stream `init`, one sub-stream a parameter. */
  initialise(seed: number): void {
    this.load(initialValues(this.params, seed));
  }

  /** Overwrites all parameters (weights, alphas and running statistics) by name; throws if one is not given. */
  load(tensors: ReadonlyMap<string, ArrayLike<number>>): void {
    const vectors = packParameters(this, tensors);
    for (const role of ROLES) this.engine.device.queue.writeBuffer(this.arenas[role].buffer, 0, vectors[role]);
  }

  /** Parameters of some roles by name, in the order of `params`. */
  save(roles: readonly ParamRole[] = ROLES): Promise<Map<string, Float32Array>> {
    return readParameters(this, roles, async (role) => {
      return new Float32Array(await this.engine.read({ buffer: this.arenas[role].buffer }));
    });
  }

  dispose(): void {
    for (const program of this.#programs) program.dispose();
    for (const arena of this.#extra) arena.dispose();
    this.#workspace.dispose();
  }
}
