import { expect, test } from "vitest";
import { type OpDesc, type OpParams, opDesc } from "../../../src/desc/model-desc.ts";
import { SupernetError } from "../../../src/errors.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { planes } from "../../../src/graph/types.ts";
import { lowerInto } from "../../../src/ops/registry.ts";

// What each op objects to in a description: hand-written ones have such mistakes.

/** The message for an op in `cells.0` that reads images of these channels, 8x8. */
function refusal(desc: OpDesc, ...channels: number[]): string {
  const g = new GraphBuilder();
  const ctx = lowerInto(g, { training: true, affine: true, dropPath: "none" });
  const inputs = channels.map((c, i) => g.input(`x${i}`, planes([2, c, 8, 8])));
  try {
    ctx.child("cells.0", (sub) => sub.lowerOp(desc, inputs));
  } catch (error) {
    if (error instanceof SupernetError && error.code === "desc") return error.message;
    throw error;
  }
  throw new Error(`${desc.name} was lowered`);
}

const op = (name: string, params: OpParams = {}) => opDesc(name, params);
const conv = (chIn: number, chOut: number) => ({ conv: { chIn, chOut } });
const none = opDesc("none", { stride: 1 });

test("ops of one state", () => {
  const messages = [
    refusal(op("prepr_normal", conv(4, 4)), 4, 4),
    refusal(op("prepr_normal"), 4),
    refusal(op("identity", conv(4, 8)), 4),
    refusal(op("identity", { ...conv(4, 4), stride: 2 }), 4),
    refusal(op("sep_conv_3x3", conv(4, 8)), 4),
    refusal(op("prepr_reduce", conv(4, 5)), 4),
    refusal(op("stem_conv3x3_s4", conv(4, 5)), 4),
    refusal(op("linear"), 4),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "op prepr_normal at cells.0 reads 1 state but got 2
    op prepr_normal at cells.0 needs params.conv with the channels in and out
    op identity at cells.0 passes its input on and needs ch_in = ch_out but has 4 and 8; set both alike, or use prepr_normal to change the number of channels
    op identity at cells.0 needs stride 1 but has 2; use skip_connect to reduce the image
    op sep_conv_3x3 at cells.0 needs ch_in = ch_out but has 4 and 8; set both alike, or use dil_conv or prepr_normal to change the number of channels
    op prepr_reduce at cells.0 needs an even number of output channels but has ch_out 5
    op stem_conv3x3_s4 at cells.0 starts with half its output channels; ch_out 5 must be even
    op linear at cells.0 needs params.n_ch (features in) and params.n_classes"
  `);
});

test("ops of several states", () => {
  const messages = [
    refusal(op("concate_channels", { outStates: 3 }), 4, 4),
    refusal(op("multi_op", conv(4, 4)), 4),
    refusal({ ...op("multi_op", conv(4, 4)), children: [none], childrenIns: [1] }, 4),
    refusal(op("petridish_normal_op", { ...conv(4, 4), strides: [1] }), 4, 4),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "op concate_channels at cells.0 needs params.out_states between 1 and the 2 states, not 3
    op multi_op at cells.0 needs children and, for each of them, the index of its input in children_ins
    op multi_op at cells.0 has 1 inputs but children_ins[0] is 1
    op petridish_normal_op at cells.0 needs one entry in params._strides for each of its 2 states"
  `);
});

test("the cells of NASBench-101", () => {
  const vertex = { ...conv(4, 4), vertexOp: "conv3x3-bn-relu" };
  const messages = [
    refusal(op("nasbench101_op", conv(4, 4)), 4),
    refusal(op("nasbench101_op", vertex)),
    refusal(op("nasbench101_op", vertex), 3),
    refusal(op("nasbench101_output", { ...conv(4, 4), outputIds: [2] }), 4, 4),
    refusal(op("nasbench101_output", conv(4, 4)), 4),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "op nasbench101_op at cells.0 needs params.vertex_op, one of conv3x3-bn-relu, conv1x1-bn-relu, maxpool3x3
    op nasbench101_op at cells.0 reads no state
    op nasbench101_op at cells.0 has 4 channels but reads a vertex of 3; a vertex is as wide as any it feeds
    op nasbench101_output at cells.0 names state 2 in params.output_ids, but there are 2
    cells.0: nothing reaches the output of the cell"
  `);
});
