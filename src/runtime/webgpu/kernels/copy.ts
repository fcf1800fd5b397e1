import type { OpName } from "../../../graph/types.ts";
import { grid, type Lower } from "../kernel.ts";
import { storageBytes } from "../layout.ts";

/** Copies a tensor bit by bit: for outputs that their node cannot write in place. */
export const copy: Lower<OpName> = ({ inputs, output, tuning, dispatch }) => {
  const words = storageBytes(output.type) / 4;
  dispatch({
    shader: "copy",
    constants: { wg: tuning.workgroup },
    uniforms: { words },
    reads: [inputs[0]!],
    writes: [output],
    workgroups: grid(Math.ceil(words / 16), tuning.workgroup),
  });
};
