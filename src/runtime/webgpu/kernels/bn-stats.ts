import { dims4 } from "../../../graph/types.ts";
import { f32, type Lower } from "../kernel.ts";
import { each, planePixels, planeReduction, vectors } from "./launch.ts";

export const bnStats: Lower<"bn_stats"> = ({ node, inputs, output, tuning, scratch, dispatch }) => {
  const x = inputs[0]!;
  const [, channels] = dims4(x.type);
  const { parts, ...launch } = planeReduction(x.type, tuning);
  const planes = launch.uniforms.planes as number;
  const moments = scratch(vectors(2 * planes * parts));
  dispatch({ shader: "bn_stats_parts", ...launch, reads: [x], writes: [moments] });
  const { per } = launch.uniforms;
  const merge = each(planes, tuning);
  dispatch({
    shader: "bn_stats",
    ...merge,
    uniforms: {
      ...merge.uniforms,
      channels,
      pixels: planePixels(x.type),
      parts,
      per: per!,
      workgroup: tuning.workgroup,
      eps: f32(node.attrs.eps),
    },
    reads: [x, moments],
    writes: [output],
  });
};

export const bnRunning: Lower<"bn_running"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = each(output.type.shape[1]!, tuning);
  dispatch({
    shader: "bn_running",
    ...launch,
    uniforms: { ...launch.uniforms, eps: f32(node.attrs.eps) },
    reads: [inputs[0]!],
    writes: [output],
  });
};

export const bnUpdate: Lower<"bn_update"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { momentum, count } = node.attrs;
  const launch = each(output.type.shape[1]!, tuning);
  dispatch({
    shader: "bn_update",
    ...launch,
    uniforms: { ...launch.uniforms, momentum: f32(momentum), unbias: f32(count > 1 ? count / (count - 1) : 1) },
    reads: [inputs[0]!, inputs[1]!],
    writes: [output],
  });
};
