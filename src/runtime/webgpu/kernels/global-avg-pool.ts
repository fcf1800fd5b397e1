import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { each, rowSegments, storedElements } from "./launch.ts";

export const globalAvgPool: Lower<"global_avg_pool"> = ({ inputs, output, tuning, dispatch }) => {
  const [, , h, w] = dims4(inputs[0]!.type);
  const launch = each(storedElements(output.type), tuning);
  dispatch({
    shader: "global_avg_pool",
    ...launch,
    uniforms: { ...launch.uniforms, pixels: h * w },
    reads: inputs,
    writes: [output],
  });
};

export const globalAvgPoolDx: Lower<"global_avg_pool_dx"> = ({ inputs, output, tuning, dispatch }) => {
  const [, , h, w] = dims4(output.type);
  dispatch({
    shader: "global_avg_pool_dx",
    ...rowSegments(storedElements(inputs[0]!.type), h * w, tuning),
    reads: inputs,
    writes: [output],
  });
};
