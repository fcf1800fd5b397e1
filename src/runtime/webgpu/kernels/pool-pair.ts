import {
  dims4,
  type Node,
  type OpAttrs,
  type OpName,
  planes,
  type TensorType,
  type Window2d,
} from "../../../graph/types.ts";
import {
  type DispatchSpec,
  type EpilogueTarget,
  grid,
  type Lower,
  type LowerContext,
  quads,
  type TensorRef,
  type Tuning,
} from "../kernel.ts";
import { bnStats, mergeMoments } from "./bn-stats.ts";
import { concat } from "./channels.ts";
import { type Launch, vectors } from "./launch.ts";
import { avgPool, maxPool, maxPoolArgmax, windows } from "./pool.ts";
import { shapeClass } from "./tuned.ts";

type Pair = "pool_pair" | "pool_pair_dx" | "pool_pair_mix_dx";

/** Columns of the result that a thread of pool_pair.wesl and pool_pair_dx.wesl owns. */
const STRIP = 4;

/**
 * How a pair is computed. `strips` (3x3, padding 1, one stride of 1 or 2) loads each row once, which is what counts on
 * software adapters; GPUs hide loads and want neighbouring threads on neighbouring pixels. `parts`, channel by channel of
 * quads, is what is left for channels that do not fill their quads: the means then start within one.
 */
export function variant(op: Pair, x: TensorType, { kernel, stride, padding }: Window2d, tuning: Tuning) {
  if (dims4(x)[1] % 4 !== 0) return "parts";
  const [step] = stride;
  const common =
    kernel.every((size) => size === 3) && padding.every((size) => size === 1) && stride.every((size) => size === step);
  if (!common || step > 2) return "windows";
  if (tuning.workgroup < 64) return "strips";
  return tuning.pick(`${op} stride ${step} ${shapeClass(x)}`, ["windows", "strips"] as const);
}

/** The same kernel's context with another node's op, inputs and output. */
export function as<K extends OpName>(
  context: LowerContext<Pair>,
  attrs: OpAttrs[K],
  inputs: readonly TensorRef[],
  output: TensorRef,
): LowerContext<K> {
  const node = { ...context.node, attrs, type: output.type } as unknown as Node<K>;
  return { ...context, node, inputs, output, epilogues: [] };
}

/** Lowers a follower by itself. */
function alone(context: LowerContext<"pool_pair">, { node, inputs, output }: EpilogueTarget): void {
  if (node.op === "bn_stats") bnStats(as<"bn_stats">(context, node.attrs as OpAttrs["bn_stats"], inputs, output));
  else if (node.op === "max_pool_argmax") maxPoolArgmax(as(context, node.attrs as Window2d, inputs, output));
  else throw new Error(`pool_pair has no follower ${node.op}`);
}

/** Launch over strips of images of `over`, between images of `input` and `output` size; uniforms as in pool_pair.wesl. */
export function strips(
  over: TensorType,
  input: TensorType,
  output: TensorType,
  tuning: Tuning,
): Launch & { threads: number } {
  const wg = tuning.workgroup;
  const [images, channels, inH, inW] = dims4(input);
  const [, , outH, outW] = dims4(output);
  const perRow = Math.ceil(dims4(over)[3] / STRIP);
  const threads = images * perRow;
  const blocks = Math.ceil(threads / wg);
  const count = quads(channels);
  return {
    constants: { wg },
    uniforms: {
      planes: count,
      blocks,
      threads,
      strips: perRow,
      images,
      in_h: inH,
      in_w: inW,
      out_h: outH,
      out_w: outW,
    },
    workgroups: grid(count * blocks * wg, wg),
    threads,
  };
}

export const poolPair: Lower<"pool_pair"> = (context) => {
  const { node, inputs, output, epilogues, dispatch } = context;
  const way = variant("pool_pair", inputs[0]!.type, node.attrs, context.tuning);
  const argmax = way === "parts" ? undefined : epilogues.find(({ node: { op } }) => op === "max_pool_argmax");
  const stats = way === "strips" ? epilogues.find(({ node: { op } }) => op === "bn_stats") : undefined;
  if (way === "strips") poolStrips(context, argmax, stats);
  else if (way === "windows") dispatch(poolWindows(context, argmax));
  else {
    const [n, channels, h, w] = dims4(output.type);
    const halves = [maxPool, avgPool].map((pool) => {
      const half = context.scratch(planes([n, channels / 2, h, w]));
      pool(as(context, node.attrs, inputs, half) as LowerContext<"max_pool"> & LowerContext<"avg_pool">);
      return half;
    });
    concat(as<"concat">(context, {}, halves, output));
  }
  for (const follower of epilogues) if (follower !== argmax && follower !== stats) alone(context, follower);
};

function poolStrips(context: LowerContext<"pool_pair">, argmax?: EpilogueTarget, stats?: EpilogueTarget): void {
  const { node, inputs, output, tuning, dispatch } = context;
  const x = inputs[0]!;
  const { threads, ...launch } = strips(output.type, x.type, output.type, tuning);
  const count = quads(dims4(output.type)[1]);
  const moments = stats && context.scratch(vectors(2 * count * threads));
  dispatch({
    shader: "pool_pair",
    conditions: { argmax: argmax !== undefined, moments: moments !== undefined, stride2: node.attrs.stride[0] === 2 },
    ...launch,
    reads: [x],
    writes: [output, ...(argmax ? [argmax.output] : []), ...(moments ? [moments] : [])],
  });
  if (!stats || !moments) return;
  const [, , rows, width] = dims4(output.type);
  const cut = { strips: launch.uniforms.strips!, rows, width };
  const { eps } = stats.node.attrs as OpAttrs["bn_stats"];
  dispatch(mergeMoments({ x, of: output.type, moments, parts: threads, cut, eps, stats: stats.output }, tuning));
}

function poolWindows(
  { node, inputs, output, tuning }: LowerContext<"pool_pair">,
  argmax?: EpilogueTarget,
): DispatchSpec {
  const x = inputs[0]!;
  const [n, channels, h, w] = dims4(output.type);
  const half = planes([n, channels / 2, h, w]);
  return {
    shader: "pool_pair_windows",
    conditions: { argmax: argmax !== undefined },
    ...windows(half, x.type, half, node.attrs, tuning),
    reads: [x],
    writes: argmax ? [output, argmax.output] : [output],
  };
}
