import type { OpDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Init, ParamRole, Value } from "../graph/types.ts";

/**
 * How drop path enters the graph.
 *
 * - `none`: the model is built without it.
 * - `off`: built with it, probability 0: no masks, but parameters carry the names of a model with drop path.
 * - `sampled`: masks are drawn on the device, one random stream an edge.
 * - `input`: masks are graph inputs `mask/<i>` (flat [N], 0 or 1/(1-p)), i counting edges in the order they are lowered.
 */
export type DropPath = "none" | "off" | "sampled" | "input";

/**
 * Where the weights of `gs_op` come from.
 *
 * - `sampled`: Gumbel-softmax samples of the alphas of all edges of a node together, through which these learn.
 * - `sorted`: as Archai's, which sorts the alphas of each edge before it samples, hands the samples to the ops in their
 *   usual order, and lets no gradient back.
 * - `input`: graph inputs `<module>.sampled_weights`, flat [8].
 */
export type GumbelWeights = "sampled" | "sorted" | "input";

/** How mixtures enter the graph, where the algorithm has a choice. */
export interface MixtureOptions {
  /** Default `sampled`. */
  readonly gumbel?: GumbelWeights;
  /** `div_op` mixes with the softmax of its alphas; false: it has none and adds its ops up. Default true. */
  readonly divAlphas?: boolean;
  /**
   * `xnas_op`: the gradient of its alphas is then minus the rewards of its ops, ⟨∂L/∂(edge output), output of op i⟩ over each
   * sample, cut to ±clip and added up; without `clip`, the product over the batch. Absent: no gradient reaches its alphas.
   */
  readonly rewards?: { readonly clip?: number };
}

export interface LowerOptions extends MixtureOptions {
  /** Training mode: batch statistics, updates of running statistics, drop path, aux tower. */
  readonly training: boolean;
  /** Whether batch norms have scale and shift. Searches run without. */
  readonly affine: boolean;
  readonly dropPath: DropPath;
  /**
   * Told of each node that mixes candidates, once it is lowered: their results, edge after edge, in the order of the primitives.
   * @param place `<cell>.<node>`
   */
  readonly onCandidates?: (g: GraphBuilder, place: string, candidates: readonly Value[]) => void;
}

/** What all contexts of a model count and collect together. */
interface Shared {
  /** How many edges have drawn masks, and nodes noise. */
  dropPaths: number;
  gumbels: number;
  /** Of the node that is being lowered. */
  candidates: Value[];
}

/** An entry of the registry: how an `OpDesc` of that name becomes graph nodes and parameters. */
export interface Op {
  readonly name: string;
  /** Whether drop path may zero the op's output. Skip connections are exempt: they keep every path alive. */
  readonly canDropPath: boolean;
  /**
   * Adds the op's nodes and parameters to the graph of `ctx`.
   * @param inputs the states the op reads, planes; one unless the op says otherwise
   * @throws SupernetError("desc") when the parameters are not what the op is defined for
   */
  lower(ctx: LowerContext, desc: OpDesc, inputs: readonly Value[]): Value;
  /**
   * Lowers all edges of a node that have this op; for ops whose edges share something. Without it each is lowered by itself.
   * @returns the edges' results, in order
   * @throws as `lower`
   */
  lowerTogether?(edges: readonly PlacedOp[]): Value[];
}

/** An op where it stands in a network. */
export interface PlacedOp {
  readonly desc: OpDesc;
  readonly inputs: readonly Value[];
  /** Runs `body` in the module of the op. */
  within<T>(body: (ctx: LowerContext) => T): T;
}

/** @throws SupernetError("desc") naming the nearest op when there is none of that name */
export type FindOp = (name: string) => Op;

/**
 * Where lowering stands: the graph, the settings, and the module whose parameters are being made.
 * Parameter names are PyTorch's, so checkpoints of the reference load without a table.
 */
export class LowerContext {
  readonly g: GraphBuilder;
  readonly options: LowerOptions;
  readonly prefix: string;
  readonly #findOp: FindOp;
  readonly #alphaPrefix: string;
  readonly #shared: Shared;

  constructor(
    g: GraphBuilder,
    findOp: FindOp,
    options: LowerOptions,
    prefix = "",
    alphaPrefix = prefix,
    shared: Shared = { dropPaths: 0, gumbels: 0, candidates: [] },
  ) {
    this.g = g;
    this.#findOp = findOp;
    this.options = options;
    this.prefix = prefix;
    this.#alphaPrefix = alphaPrefix;
    this.#shared = shared;
  }

  /** The op of that name. @throws SupernetError("desc") naming the module that asks for it and the nearest op */
  findOp(name: string): Op {
    try {
      return this.#findOp(name);
    } catch (error) {
      if (!(error instanceof SupernetError)) throw error;
      throw new SupernetError("desc", `${this.prefix}: ${error.message}`, { cause: error });
    }
  }

  /**
   * Lowers the sub-module `name`; its nodes carry the name as scope.
   * @param alphasFrom sub-module whose alphas stand in for this one's, if another (cells of one type share theirs)
   */
  child<T>(name: string, body: (ctx: LowerContext) => T, alphasFrom = name): T {
    const alphaPrefix = join(this.#alphaPrefix, alphasFrom);
    const prefix = join(this.prefix, name);
    const ctx = new LowerContext(this.g, this.#findOp, this.options, prefix, alphaPrefix, this.#shared);
    return this.g.scoped(name, () => body(ctx));
  }

  /** Lowers an op by its name in the registry, into this module. */
  lowerOp(desc: OpDesc, inputs: readonly Value[]): Value {
    return this.findOp(desc.name).lower(this, desc, inputs);
  }

  name(local: string): string {
    return join(this.prefix, local);
  }

  param(local: string, shape: readonly number[], init: Init, role: ParamRole = "weights", batchNorm = false): Value {
    const name = this.name(local);
    return this.g.param(batchNorm ? { name, role, shape, init, batchNorm } : { name, role, shape, init });
  }

  /** Convolution or linear weight, shape [out, in, …]; fan-in is the product of all but the first size. */
  weight(local: string, shape: readonly number[], init?: Init): Value {
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
    return this.param(local, shape, init ?? { kind: "uniform_fan_in", fanIn });
  }

  /** Architecture parameters, flat [count]; those of another cell if this one shares. */
  alphas(local: string, count: number, init: Init): Value {
    return this.g.param({ name: join(this.#alphaPrefix, local), role: "alphas", shape: [count], init });
  }

  /** Number of this call among all of the model: which mask an edge gets. */
  nextDropPathIndex(): number {
    return this.#shared.dropPaths++;
  }

  /** Number of this call among all of the model: which noise a node gets. */
  nextGumbelIndex(): number {
    return this.#shared.gumbels++;
  }

  /** Notes what is mixed on an edge of the node that is being lowered. */
  addCandidates(values: readonly Value[]): void {
    this.#shared.candidates.push(...values);
  }

  /** What was mixed on the node's edges, if anything; the next node starts anew. */
  takeCandidates(): readonly Value[] {
    const { candidates } = this.#shared;
    this.#shared.candidates = [];
    return candidates;
  }
}

function join(prefix: string, name: string): string {
  return prefix && name ? `${prefix}.${name}` : prefix || name;
}
