import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { span, storedElements } from "./launch.ts";

export const flatten: Lower<"flatten"> = ({ inputs, output, tuning, dispatch }) => {
  const [samples, , h, w] = dims4(inputs[0]!.type);
  const launch = span(storedElements(output.type), tuning);
  dispatch({
    shader: "flatten",
    ...launch,
    uniforms: { ...launch.uniforms, samples, pixels: h * w },
    reads: inputs,
    writes: [output],
  });
};

export const unflatten: Lower<"unflatten"> = ({ inputs, output, tuning, dispatch }) => {
  const [samples, channels, h, w] = dims4(output.type);
  const launch = span(storedElements(output.type), tuning);
  dispatch({
    shader: "unflatten",
    ...launch,
    uniforms: { ...launch.uniforms, samples, pixels: h * w, channels },
    reads: inputs,
    writes: [output],
  });
};
