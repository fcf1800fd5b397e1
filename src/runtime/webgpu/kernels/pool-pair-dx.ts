import { dims4, type OpAttrs, type PoolTerm, planes } from "../../../graph/types.ts";
import { type DispatchSpec, type Lower, type LowerContext, quads, type TensorRef } from "../kernel.ts";
import { add } from "./add.ts";
import { channelSlice } from "./channels.ts";
import { zeros } from "./fill.ts";
import { mixDx } from "./mix-dx.ts";
import { avgPoolDx, maxPoolDx, windows } from "./pool.ts";
import { as, strips, variant } from "./pool-pair.ts";
import { dispatches, ownsQuads, type Segment, SOURCES, segmentsOf } from "./segments.ts";

type Context = LowerContext<"pool_pair_dx"> | LowerContext<"pool_pair_mix_dx">;
type Row = [number, number, number, number];

/** Shader, launch and uniforms for `count` planes of x, besides what says where the gradients come from. */
function launch(
  { node: { attrs }, output, tuning }: Context,
  way: "strips" | "windows",
  argmax: TensorRef,
  count: number,
): Pick<DispatchSpec, "shader" | "uniforms" | "constants" | "workgroups" | "conditions"> {
  const [n, , h, w] = dims4(output.type);
  const x = planes([n, 4 * count, h, w]);
  if (way === "strips") {
    const { threads: _, ...rest } = strips(x, x, argmax.type, tuning);
    return { shader: "pool_pair_dx", ...rest, conditions: { strips: true, stride2: attrs.stride[0] === 2 } };
  }
  const { uniforms, ...rest } = windows(x, x, argmax.type, attrs, tuning);
  return { shader: "pool_pair_windows_dx", ...rest, uniforms: { ...uniforms, planes: count, images: n } };
}

export const poolPairDx: Lower<"pool_pair_dx"> = (context) => {
  const { node, inputs, output, tuning, scratch, dispatch } = context;
  const [dy, argmax] = inputs as [TensorRef, TensorRef];
  const way = variant("pool_pair_dx", output.type, node.attrs, tuning);
  if (way !== "parts") {
    const spec = launch(context, way, argmax, quads(dims4(output.type)[1]));
    dispatch({ ...spec, reads: [argmax, dy], writes: [output] });
    return;
  }
  const count = dims4(argmax.type)[1];
  const half = (start: number) => {
    const part = scratch(planes(argmax.type.shape));
    channelSlice(as<"channel_slice">(context, { start, count }, [dy], part));
    return part;
  };
  const byMax = scratch(output.type);
  maxPoolDx(as<"max_pool_dx">(context, node.attrs, [half(0), argmax], byMax));
  const byMean = scratch(output.type);
  avgPoolDx(as<"avg_pool_dx">(context, node.attrs, [half(count)], byMean));
  add(as<"add">(context, {}, [byMax, byMean], output));
};

/** One dispatch for three sums that took pools, more add to its result. */
export const poolPairMixDx: Lower<"pool_pair_mix_dx"> = (context) => {
  const { node, output, tuning } = context;
  const { terms } = node.attrs;
  const [, channels] = dims4(output.type);
  const way = variant("pool_pair_mix_dx", output.type, node.attrs, tuning);
  if (way === "parts" || !terms.every((term) => ownsQuads(term, channels))) {
    stored(context);
    return;
  }
  const segments = segmentsOf(terms, quads(channels));
  for (const group of dispatches(segments, () => 1 + 2 * SOURCES)) mixed(context, way, group);
};

function mixed(context: LowerContext<"pool_pair_mix_dx">, way: "strips" | "windows", group: Segment<PoolTerm>[]): void {
  const [argmax, ...pairs] = context.inputs as [TensorRef, ...TensorRef[]];
  const sources = [...new Set(group.flatMap(({ terms }) => terms.map(({ source }) => source)))];
  // Planes that no sum took still bind one: the shader declares it.
  if (sources.length === 0) sources.push(0);
  const factors = 2 * sources.length;
  const heads = group.map(({ first, end }, index): Row => [first, end - first, group.length + index * factors, 0]);
  const rows = group.flatMap(({ terms }) =>
    sources.flatMap((source, index): Row[] => {
      const term = terms.find((own) => own.source === source);
      return [term?.largest, term?.mean].map((row) => [
        term && row !== undefined ? row * term.channels : -1,
        term ? term.start / 4 : -1,
        term?.channels ?? 0,
        index,
      ]);
    }),
  );
  const count = group.reduce((sum, { first, end }) => sum + end - first, 0);
  const { uniforms, conditions, ...rest } = launch(context, way, argmax, count);
  context.dispatch({
    ...rest,
    conditions: {
      ...conditions,
      mixed: true,
      two: sources.length > 1,
      three: sources.length > 2,
      adds: group[0]!.begun,
    },
    uniforms: { ...uniforms, factors },
    table: [...heads, ...rows],
    reads: [argmax, ...sources.flatMap((source) => pairs.slice(2 * source, 2 * source + 2))],
    writes: [context.output],
  });
}

/** Where quads belong to several terms: by way of the gradients by the pools. */
function stored(context: LowerContext<"pool_pair_mix_dx">): void {
  const { node, inputs, output, tuning, scratch, dispatch } = context;
  const [argmax, ...pairs] = inputs as [TensorRef, ...TensorRef[]];
  const [n, channels, h, w] = dims4(argmax.type);
  const wide = planes([n, 2 * channels, h, w]);
  const terms = node.attrs.terms.flatMap(({ largest, mean, ...term }) => [
    ...(largest === undefined ? [] : [{ ...term, row: largest, plain: true }]),
    ...(mean === undefined ? [] : [{ ...term, start: channels + term.start, row: mean, plain: true }]),
  ]);
  const x = scratch(wide);
  dispatch(zeros(x, tuning));
  const dy = scratch(wide);
  mixDx(as<"mix_dx">(context, { terms }, [x, ...pairs], dy));
  const attrs: OpAttrs["pool_pair_dx"] = node.attrs;
  poolPairDx(as<"pool_pair_dx">(context, attrs, [dy, argmax], output));
}
