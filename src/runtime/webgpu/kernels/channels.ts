import { dims4 } from "../../../graph/types.ts";
import { type DispatchSpec, type Lower, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { blocks, planePixels } from "./launch.ts";

interface ChannelRange {
  /** First channel in the source and in the target. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Copies channels of `x` into `y`. Lanes of the first quad below `to` keep what an earlier copy wrote; lanes after the
 * last channel become zero.
 */
function copyChannels(x: TensorRef, y: TensorRef, { from, to, count }: ChannelRange, tuning: Tuning): DispatchSpec {
  const firstQuad = Math.floor(to / 4);
  const launch = blocks(quads(to + count) - firstQuad, planePixels(y.type), tuning);
  return {
    shader: "copy_channels",
    conditions: { aligned: from % 4 === 0 && to % 4 === 0 },
    ...launch,
    uniforms: {
      ...launch.uniforms,
      first_quad: firstQuad,
      to,
      end: to + count,
      // Source minus target channel within the copied planes, plus 4 so that it is not negative.
      shift: from - to + 4 * firstQuad + 4,
    },
    reads: [x],
    writes: [y],
  };
}

/** One copy after another, since neighbours may share a quad. */
export const concat: Lower<"concat"> = ({ inputs, output, tuning, dispatch }) => {
  let to = 0;
  for (const part of inputs) {
    const [, count] = dims4(part.type);
    dispatch(copyChannels(part, output, { from: 0, to, count }, tuning));
    to += count;
  }
};

export const channelSlice: Lower<"channel_slice"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { start, count } = node.attrs;
  dispatch(copyChannels(inputs[0]!, output, { from: start, to: 0, count }, tuning));
};
