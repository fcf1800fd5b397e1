import type { NetworkDesc } from "../desc/network-desc.ts";
import { differentiate } from "../graph/autodiff.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { optimize, optimizeForward, type PassOptions } from "../graph/passes/index.ts";
import { flat, type Graph, type OpAttrs, type ParamRole, type Value } from "../graph/types.ts";
import { lowerNetwork } from "../models/network.ts";
import type { DropPath, MixtureOptions } from "../ops/context.ts";
import type { TrainerConf } from "./conf.ts";

export type { PassOptions } from "../graph/passes/index.ts";

/** What a network is compiled for, whatever it is compiled to do. */
export interface NetworkShape extends MixtureOptions {
  /** Images a run of the program (a chunk). */
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Whether batch norms have scale and shift. */
  readonly affine: boolean;
  readonly dropPath: DropPath;
}

type ImageSize = Pick<NetworkShape, "height" | "width">;

/** A supernet that is trained on a feed's chunks of images; by default batch norms have no scale and shift, as in DARTS. */
export function supernetShape(
  { samples }: { readonly samples: number },
  { height, width }: ImageSize,
  mixtures: MixtureOptions = {},
  affine = false,
): NetworkShape {
  return { ...mixtures, batch: samples, height, width, affine, dropPath: "none" };
}

/** A network without alphas that is trained from scratch on a feed's chunks of images. */
export function fixedShape(
  { samples }: { readonly samples: number },
  { height, width }: ImageSize,
  trainer: Pick<TrainerConf, "drop_path_prob">,
): NetworkShape {
  return { batch: samples, height, width, affine: true, dropPath: trainer.drop_path_prob > 0 ? "sampled" : "none" };
}

export interface LossSettings {
  /** Weight of the aux tower's loss; 0 leaves the tower out of the gradient, not out of the parameters. */
  readonly auxWeight: number;
  /** Label smoothing, see `cross_entropy`. */
  readonly smoothing: number;
  /** Weight of the sum of |alpha| over all alphas. */
  readonly l1Alphas: number;
  /** Leave out alphas that are numbered, an op's several vectors, as the reference does: Petridish's. Default false. */
  readonly l1Unnumbered?: boolean;
}

export interface TrainingSettings extends LossSettings {
  /** Whose gradients are computed; the others' are dead code. */
  readonly gradients: readonly ParamRole[];
  /** Whether the run updates running statistics. */
  readonly runningStats: boolean;
}

/** Output that is differentiated; it does not leave the program. */
const MEAN = "mean loss";

/**
 * Forward, loss and backward of one chunk. Outputs: `loss`, `top1`, `top5` per sample (flat [N]), `logits`; the gradients go
 * into the gradient arenas. The gradient is that of the mean loss over the chunk.
 */
export function trainingGraph(
  desc: NetworkDesc,
  shape: NetworkShape,
  settings: TrainingSettings,
  passes: PassOptions = {},
): Graph {
  const { builder, logits, logitsAux } = lowerNetwork(desc, { ...shape, training: true });
  const labels = builder.input("y", flat([shape.batch], "u32"));
  const losses = [builder.add("cross_entropy", [logits, labels], { smoothing: settings.smoothing })];
  if (logitsAux !== undefined && settings.auxWeight > 0) {
    const aux = builder.add("cross_entropy", [logitsAux, labels], { smoothing: settings.smoothing });
    losses.push(builder.add("scale", [aux], { factor: settings.auxWeight }));
  }
  if (settings.l1Alphas > 0) losses.push(...l1Penalty(builder, settings, shape.batch));
  const loss = losses.length === 1 ? losses[0]! : builder.add("add", losses, {});
  const mean = builder.add("mean", [loss], {});
  const outputs = { logits, loss, ...accuracy(builder, logits, labels), [MEAN]: mean };
  for (const [name, value] of Object.entries(outputs)) builder.output(name, value);

  const seeded = GraphBuilder.extend(optimizeForward(builder.build(), passes));
  const seed = seeded.add("fill", [], { type: flat([1]), value: 1 });
  const forward = seeded.build();
  const wanted = paramsOf(forward, settings.gradients);
  const { builder: extended, gradients } = differentiate(
    forward,
    [{ value: forward.outputs.find(({ name }) => name === MEAN)!.value, gradient: seed }],
    wanted.map(({ value }) => value),
  );
  wanted.forEach(({ name, shape: paramShape }, index) => {
    const gradient = gradients[index] ?? extended.add("fill", [], { type: flat(paramShape), value: 0 });
    extended.output(`grad/${name}`, gradient, { arena: "grad", param: name });
  });
  const graph = extended.build();
  const kept = graph.outputs.filter(
    ({ name, into }) => name !== MEAN && (settings.runningStats || into?.arena !== "param"),
  );
  return optimize({ ...graph, outputs: kept }, passes);
}

/** Forward in evaluation mode. Outputs: `loss`, `top1`, `top5` per sample (flat [N]), `logits`. */
export function evaluationGraph(
  desc: NetworkDesc,
  shape: NetworkShape,
  smoothing: number,
  passes: PassOptions = {},
): Graph {
  const { builder, logits } = lowerNetwork(desc, { ...shape, training: false });
  const labels = builder.input("y", flat([shape.batch], "u32"));
  const loss = builder.add("cross_entropy", [logits, labels], { smoothing });
  const outputs = { logits, loss, ...accuracy(builder, logits, labels) };
  for (const [name, value] of Object.entries(outputs)) builder.output(name, value);
  return optimize(optimizeForward(builder.build(), passes), passes);
}

/**
 * Forward in evaluation mode, as far as nodes mix candidates. One output a node, `<cell>.<node>`: `pair_distances` among the
 * candidates of all its edges, edge after edge, in the order of the primitives.
 */
export function candidateDistancesGraph(desc: NetworkDesc, shape: NetworkShape, passes: PassOptions = {}): Graph {
  const { builder } = lowerNetwork(desc, {
    ...shape,
    training: false,
    onCandidates: (g, place, candidates) => g.output(place, g.add("pair_distances", candidates, {})),
  });
  return optimize(optimizeForward(builder.build(), passes), passes);
}

function accuracy(builder: GraphBuilder, logits: Value, labels: Value): { top1: Value; top5: Value } {
  return {
    top1: builder.add("top_k", [logits, labels], { k: 1 }),
    top5: builder.add("top_k", [logits, labels], { k: 5 }),
  };
}

/** weight * Σ|alpha| for every sample, so that it is part of the loss that is reported. */
function l1Penalty(builder: GraphBuilder, { l1Alphas, l1Unnumbered }: LossSettings, batch: number): Value[] {
  const all = paramsOf(builder.build(), ["alphas"]);
  const counted = l1Unnumbered ? all.filter(({ name }) => !/\.\d+$/.test(name)) : all;
  const alphas = counted.map(({ value }) => builder.add("abs_sum", [value], {}));
  if (alphas.length === 0) return [];
  const total = alphas.length === 1 ? alphas[0]! : builder.add("add", alphas, {});
  return [builder.add("expand", [total], { shape: [batch], factor: l1Alphas })];
}

function paramsOf(
  graph: Graph,
  roles: readonly ParamRole[],
): { name: string; value: Value; shape: readonly number[] }[] {
  return graph.nodes.flatMap((node, index) => {
    if (node.op !== "param") return [];
    const { name, role, shape } = node.attrs as OpAttrs["param"];
    return roles.includes(role) ? [{ name, value: index as Value, shape }] : [];
  });
}
