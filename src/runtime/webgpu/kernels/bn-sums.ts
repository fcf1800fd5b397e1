import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { each, planeReduction, vectors } from "./launch.ts";

export const bnSums: Lower<"bn_sums"> = ({ inputs, output, tuning, scratch, dispatch }) => {
  const [dy, x, stats] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]];
  const [, channels] = dims4(x.type);
  const { parts, ...launch } = planeReduction(x.type, tuning);
  const planes = launch.uniforms.planes as number;
  const partial = scratch(vectors(2 * planes * parts));
  dispatch({
    shader: "bn_sums_parts",
    ...launch,
    uniforms: { ...launch.uniforms, channels },
    reads: [dy, x, stats],
    writes: [partial],
  });
  const merge = each(planes, tuning);
  dispatch({
    shader: "bn_sums",
    ...merge,
    uniforms: { ...merge.uniforms, channels, parts },
    reads: [partial, stats],
    writes: [output],
  });
};
