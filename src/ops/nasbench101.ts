import { type OpDesc, opDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { convBnRelu } from "./convolutions.ts";
import { conv, opError } from "./op.ts";
import { pool3x3 } from "./pools.ts";

// The cells of NASBench-101 (Ying et al. 2019, arXiv:1902.09635, section 2 and appendix). All convolutions are followed by
// batch norm and ReLU, those that project a cell's input among them.

/** What a vertex may do. */
const vertexOps: readonly Op[] = [
  convBnRelu(3, "conv3x3-bn-relu"),
  convBnRelu(1, "conv1x1-bn-relu"),
  pool3x3("maxpool3x3", "max_pool"),
];

export const VERTEX_OPS: readonly string[] = vertexOps.map(({ name }) => name);

/** 1x1 convolution of the cell's input to the channels of a vertex. */
const project = (ctx: LowerContext, desc: OpDesc, input: Value): Value =>
  ctx.child("_proj_op", (sub) => sub.lowerOp(opDesc("convbnrelu_1x1", { conv: conv(ctx, desc) }), [input]));

/** The first channels: uneven division leaves vertices one channel wider than those they feed. */
function truncate(ctx: LowerContext, desc: OpDesc, x: Value): Value {
  const { chOut } = conv(ctx, desc);
  const channels = ctx.g.type(x).shape[1] ?? 0;
  if (channels === chOut) return x;
  if (channels > chOut) return ctx.g.add("channel_slice", [x], { start: 0, count: chOut });
  throw opError(
    ctx,
    desc,
    `has ${chOut} channels but reads a vertex of ${channels}; a vertex is as wide as any it feeds`,
  );
}

/** A vertex: the sum of its inputs, then `vertex_op`. With `first_proj` the first input is the cell's, and projected. */
const vertex: Op = {
  name: "nasbench101_op",
  canDropPath: true,
  lower: (ctx, desc, inputs) => {
    const { vertexOp, firstProj = false } = desc.params;
    const { chOut } = conv(ctx, desc);
    if (vertexOp === undefined) throw opError(ctx, desc, `needs params.vertex_op, one of ${VERTEX_OPS.join(", ")}`);
    const terms = inputs.map((x, i) => (firstProj && i === 0 ? project(ctx, desc, x) : truncate(ctx, desc, x)));
    const [first] = terms;
    if (first === undefined) throw opError(ctx, desc, "reads no state");
    const sum = terms.length === 1 ? first : ctx.g.add("add", terms, {});
    return ctx.child("_vertex_op", (sub) =>
      sub.lowerOp(opDesc(vertexOp, { conv: { chIn: chOut, chOut }, stride: desc.params.stride ?? 1 }), [sum]),
    );
  },
};

/** A cell's output: the states `output_ids` side by side; with `first_proj` the projected input of the cell is added. */
const output: Op = {
  name: "nasbench101_output",
  canDropPath: true,
  lower: (ctx, desc, states) => {
    const { outputIds = [], firstProj = false } = desc.params;
    const joined = outputIds.map((id): Value => {
      const state = states[id];
      if (state !== undefined) return state;
      throw opError(ctx, desc, `names state ${id} in params.output_ids, but there are ${states.length}`);
    });
    const terms = joined.length > 1 ? [ctx.g.add("concat", joined, {})] : joined;
    const input = states[1];
    if (firstProj && input !== undefined) terms.push(project(ctx, desc, input));
    const [first, second] = terms;
    if (first === undefined) throw new SupernetError("desc", `${ctx.prefix}: nothing reaches the output of the cell`);
    return second === undefined ? first : ctx.g.add("add", [first, second], {});
  },
};

export const nasbench101Ops: readonly Op[] = [...vertexOps, vertex, output];
