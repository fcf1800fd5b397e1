import { dims4, type TensorType } from "../../../graph/types.ts";
import { f32, type Lower } from "../kernel.ts";
import { each } from "./launch.ts";

/** Target probabilities of a wrong class and, on top of that, of the label. */
function targets(logits: TensorType, smoothing: number) {
  const [, classes] = dims4(logits);
  const wrong = classes > 1 ? smoothing / (classes - 1) : 0;
  return { classes, wrong: f32(wrong), extra: f32(1 - smoothing - wrong) };
}

export const crossEntropy: Lower<"cross_entropy"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = each(output.type.shape[0]!, tuning);
  dispatch({
    shader: "cross_entropy",
    ...launch,
    uniforms: { ...launch.uniforms, ...targets(inputs[0]!.type, node.attrs.smoothing) },
    reads: inputs,
    writes: [output],
  });
};

export const crossEntropyDx: Lower<"cross_entropy_dx"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = each(output.type.shape[0]!, tuning);
  dispatch({
    shader: "cross_entropy_dx",
    ...launch,
    uniforms: { ...launch.uniforms, ...targets(output.type, node.attrs.smoothing) },
    reads: inputs,
    writes: [output],
  });
};

export const topK: Lower<"top_k"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = each(output.type.shape[0]!, tuning);
  dispatch({
    shader: "top_k",
    ...launch,
    uniforms: { ...launch.uniforms, classes: dims4(inputs[0]!.type)[1], k: node.attrs.k },
    reads: inputs,
    writes: [output],
  });
};
