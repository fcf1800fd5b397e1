import { dims4 } from "../../../graph/types.ts";
import { grid, type Lower, quads } from "../kernel.ts";
import { planePixels, vectors } from "./launch.ts";

/** (x, b) → x + b per channel. */
export const addBias: Lower<"add_bias"> = ({ inputs, output, tuning, dispatch }) => {
  const [, channels] = dims4(output.type);
  const pixels = planePixels(output.type);
  const perThread = Math.max(1, Math.min(tuning.pixels, Math.floor(pixels / tuning.workgroup)));
  const [groupsX, groupsY] = grid(Math.ceil(pixels / perThread), tuning.workgroup);
  dispatch({
    shader: "add_bias",
    constants: { wg: tuning.workgroup },
    uniforms: { pixels, channels, per_thread: perThread },
    reads: inputs,
    writes: [output],
    workgroups: [groupsX, groupsY, quads(channels)],
  });
};

/** (x) → sum per channel, in two stages: sums over chunks of pixels, then the chunks in order. */
export const channelSum: Lower<"channel_sum"> = (context) => {
  const { inputs, tuning, dispatch } = context;
  const x = inputs[0]!;
  const [, channels] = dims4(x.type);
  const pixels = planePixels(x.type);
  const threads = Math.ceil((tuning.workgroup * 256) / quads(channels));
  const chunks = Math.min(pixels, Math.max(tuning.workgroup, Math.min(threads, 512)));
  const parts = context.partials(vectors(chunks * quads(channels)));
  dispatch({
    shader: "channel_sum",
    constants: { wg: tuning.workgroup },
    uniforms: { pixels, quads: quads(channels), chunks },
    reads: [x],
    writes: [parts],
    workgroups: [Math.ceil(chunks / tuning.workgroup), 1, quads(channels)],
  });
  context.sum({ parts, chunks, sections: [{ rows: channels, columns: 1 }], to: context.parts([channels]) });
};
