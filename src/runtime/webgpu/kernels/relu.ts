import type { Lower } from "../kernel.ts";
import { span, storedElements } from "./launch.ts";

export const relu: Lower<"relu"> = ({ inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "relu",
    conditions: { planes: output.type.layout === "planes" },
    ...span(storedElements(output.type), tuning),
    reads: inputs,
    writes: [output],
  });

export const reluDx: Lower<"relu_dx"> = ({ inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "relu_dx",
    conditions: { planes: output.type.layout === "planes" },
    ...span(storedElements(output.type), tuning),
    reads: inputs,
    writes: [output],
  });
