import { dims4, type TensorType } from "../../../graph/types.ts";
import { STREAMS } from "../../../random/streams.ts";
import { type Lower, quads, type Tuning } from "../kernel.ts";
import { type Launch, rowSegments } from "./launch.ts";

/** A draw a row: rows are the images of the planes. */
function drawnRows(type: TensorType, tuning: Tuning, index: number): Launch {
  const [samples, channels, h, w] = dims4(type);
  const launch = rowSegments(quads(channels) * samples, h * w, tuning);
  return { ...launch, uniforms: { ...launch.uniforms, samples, stream: STREAMS.shake, index } };
}

export const shake: Lower<"shake"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "shake",
    ...drawnRows(output.type, tuning, node.attrs.index),
    reads: inputs,
    writes: [output],
    step: true,
  });

export const shakeDx: Lower<"shake_dx"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = drawnRows(output.type, tuning, node.attrs.index);
  dispatch({
    shader: "shake_dx",
    ...launch,
    uniforms: { ...launch.uniforms, branch: node.attrs.branch },
    reads: inputs,
    writes: [output],
    step: true,
  });
};
