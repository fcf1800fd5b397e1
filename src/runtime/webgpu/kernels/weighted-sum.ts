import type { Lower } from "../kernel.ts";
import { chunks, termConditions } from "./chunks.ts";
import { span, storedElements } from "./launch.ts";

/** Uniforms i0 … i5: which weight belongs to each tensor of a dispatch. */
export const indexUniforms = (indices: readonly number[]): Record<string, number> =>
  Object.fromEntries(Array.from({ length: 6 }, (_, term) => [`i${term}`, indices[term] ?? 0]));

/** More tensors than one dispatch may bind are added to the result six at a time, in order. */
export const weightedSum: Lower<"weighted_sum"> = ({ node, inputs, output, tuning, dispatch }) => {
  const [weights, ...terms] = inputs;
  const launch = span(storedElements(output.type), tuning);
  const indices = chunks(node.attrs.indices);
  chunks(terms).forEach((some, index) => {
    dispatch({
      shader: "weighted_sum",
      conditions: {
        ...termConditions(some.length),
        planes: output.type.layout === "planes",
        accumulate: index > 0,
      },
      ...launch,
      uniforms: { ...launch.uniforms, ...indexUniforms(indices[index]!) },
      reads: [weights!, ...some],
      writes: [output],
    });
  });
};
