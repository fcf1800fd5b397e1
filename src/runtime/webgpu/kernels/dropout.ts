import { dims4 } from "../../../graph/types.ts";
import { STREAMS } from "../../../random/streams.ts";
import { f32, type Lower, quads } from "../kernel.ts";
import { rowSegments } from "./launch.ts";

export const dropout: Lower<"dropout"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { index, probability } = node.attrs;
  const [samples, channels, h, w] = dims4(output.type);
  const launch = rowSegments(quads(channels) * samples, h * w, tuning);
  dispatch({
    shader: "dropout",
    ...launch,
    uniforms: {
      ...launch.uniforms,
      samples,
      quads: quads(channels),
      stream: STREAMS.dropout,
      index,
      probability: f32(probability),
    },
    reads: inputs,
    writes: [output],
    step: true,
  });
};
