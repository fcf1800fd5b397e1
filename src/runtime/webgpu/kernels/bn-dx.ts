import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { planeBlocks } from "./launch.ts";

export const bnDx: Lower<"bn_dx"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { affine, batch } = node.attrs;
  const [dy, x, stats, sums, gamma] = inputs;
  const launch = planeBlocks(output.type, tuning);
  dispatch({
    shader: "bn_dx",
    conditions: { affine, batch },
    ...launch,
    uniforms: { ...launch.uniforms, channels: dims4(output.type)[1] },
    // Fixed statistics make the layer linear: neither x nor the sums matter then.
    reads: [dy!, ...(batch ? [x!, sums!] : []), stats!, ...(affine ? [gamma!] : [])],
    writes: [output],
  });
};
