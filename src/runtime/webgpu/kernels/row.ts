import type { Lower } from "../kernel.ts";
import { each } from "./launch.ts";

export const row: Lower<"row"> = ({ node, inputs, output, tuning, dispatch }) => {
  const columns = output.type.shape[0]!;
  const launch = each(columns, tuning);
  dispatch({
    shader: "row",
    ...launch,
    uniforms: { ...launch.uniforms, start: node.attrs.index * columns },
    reads: inputs,
    writes: [output],
  });
};
