import { STREAMS } from "../../../random/streams.ts";
import type { Lower } from "../kernel.ts";
import { each } from "./launch.ts";

export const dropPathMask: Lower<"drop_path_mask"> = ({ node, output, tuning, dispatch }) => {
  const { index, samples } = node.attrs;
  const launch = each(samples, tuning);
  dispatch({
    shader: "drop_path_mask",
    ...launch,
    uniforms: { ...launch.uniforms, stream: STREAMS.dropPath, index },
    reads: [],
    writes: [output],
    step: true,
  });
};
