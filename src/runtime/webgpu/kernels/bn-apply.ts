import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { planeBlocks } from "./launch.ts";

export const bnApply: Lower<"bn_apply"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = planeBlocks(output.type, tuning);
  dispatch({
    shader: "bn_apply",
    conditions: { affine: node.attrs.affine },
    ...launch,
    uniforms: { ...launch.uniforms, channels: dims4(output.type)[1] },
    reads: inputs,
    writes: [output],
  });
};
