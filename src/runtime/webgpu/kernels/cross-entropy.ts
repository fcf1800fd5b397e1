import { dims4, type OpAttrs, type TensorType } from "../../../graph/types.ts";
import { type DispatchSpec, type EpilogueTarget, f32, type Lower, type TensorRef, type Tuning } from "../kernel.ts";
import { each } from "./launch.ts";

/** Target probabilities of a wrong class and, on top of that, of the label. */
function targets(logits: TensorType, smoothing: number) {
  const [, classes] = dims4(logits);
  const wrong = classes > 1 ? smoothing / (classes - 1) : 0;
  return { classes, wrong: f32(wrong), extra: f32(1 - smoothing - wrong) };
}

/** Results of `top_k` that the loss's dispatch writes as well. */
const HITS = 2;

const kOf = ({ node }: EpilogueTarget): number => (node.attrs as OpAttrs["top_k"]).k;

export const crossEntropy: Lower<"cross_entropy"> = ({ node, inputs, output, tuning, epilogues, dispatch }) => {
  const launch = each(output.type.shape[0]!, tuning);
  const hits = epilogues.slice(0, HITS);
  const [k0 = 0, k1 = 0] = hits.map(kOf);
  dispatch({
    shader: "cross_entropy",
    ...launch,
    conditions: { hits1: hits.length > 0, hits2: hits.length > 1 },
    uniforms: { ...launch.uniforms, ...targets(inputs[0]!.type, node.attrs.smoothing), k0, k1 },
    reads: inputs,
    writes: [output, ...hits.map((hit) => hit.output)],
  });
  for (const hit of epilogues.slice(HITS)) dispatch(hitsOf(kOf(hit), hit.inputs, hit.output, tuning));
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

export const topK: Lower<"top_k"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch(hitsOf(node.attrs.k, inputs, output, tuning));

function hitsOf(k: number, inputs: readonly TensorRef[], output: TensorRef, tuning: Tuning): DispatchSpec {
  const launch = each(output.type.shape[0]!, tuning);
  return {
    shader: "top_k",
    ...launch,
    uniforms: { ...launch.uniforms, classes: dims4(inputs[0]!.type)[1], k },
    reads: inputs,
    writes: [output],
  };
}
