import { dims4 } from "../../../graph/types.ts";
import { type DispatchSpec, type Lower, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { blocks, planeBlocks, planePixels } from "./launch.ts";

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

/** Inputs of concat.wesl. */
const JOINED = 6;

/** One dispatch where no quad holds channels of two parts, else one copy after another. */
export const concat: Lower<"concat"> = ({ inputs, output, tuning, dispatch }) => {
  const counts = inputs.map((part) => dims4(part.type)[1]);
  if (inputs.length <= JOINED && counts.slice(0, -1).every((count) => count % 4 === 0)) {
    const launch = planeBlocks(output.type, tuning);
    const total = quads(dims4(output.type)[1]);
    let plane = 0;
    const table = Array.from({ length: JOINED }, (_, part): [number, number, number, number] => {
      const start = part < counts.length ? plane : total;
      plane += quads(counts[part] ?? 0);
      return [start, 0, 0, 0];
    });
    const reads = Array.from({ length: JOINED }, (_, part) => inputs[part] ?? inputs[0]!);
    dispatch({ shader: "concat", ...launch, table, reads, writes: [output] });
    return;
  }
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
