import { dims4 } from "../../../graph/types.ts";
import { f32, type Lower } from "../kernel.ts";
import { rowSegments, span, storedElements } from "./launch.ts";

export const scale: Lower<"scale"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = span(storedElements(output.type), tuning);
  dispatch({
    shader: "scale",
    conditions: { planes: output.type.layout === "planes" },
    ...launch,
    uniforms: { ...launch.uniforms, factor: f32(node.attrs.factor) },
    reads: inputs,
    writes: [output],
  });
};

export const scaleBy: Lower<"scale_by"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = span(storedElements(output.type), tuning);
  dispatch({
    shader: "scale_by",
    conditions: { planes: output.type.layout === "planes" },
    ...launch,
    uniforms: { ...launch.uniforms, index: node.attrs.index },
    reads: inputs,
    writes: [output],
  });
};

export const scaleSamples: Lower<"scale_samples"> = ({ inputs, output, tuning, dispatch }) => {
  const [samples, , h, w] = dims4(output.type);
  const launch = rowSegments(storedElements(output.type) / (h * w), h * w, tuning);
  dispatch({
    shader: "scale_samples",
    ...launch,
    uniforms: { ...launch.uniforms, samples },
    reads: inputs,
    writes: [output],
  });
};
