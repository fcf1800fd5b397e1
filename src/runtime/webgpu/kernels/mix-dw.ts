import { type Lower, TABLE_ROWS } from "../kernel.ts";
import { each } from "./launch.ts";

/** As many rows at a time as the table holds; most models need one dispatch. */
export const mixDw: Lower<"mix_dw"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { rows, size } = node.attrs;
  const [g] = inputs;
  const { constants, workgroups } = each(size, tuning);
  for (let from = 0; from === 0 || from < rows.length; from += TABLE_ROWS) {
    const table = rows.slice(from, from + TABLE_ROWS).map(({ row, index }) => [row, index, 0, 0] as const);
    dispatch({
      shader: "mix_dw",
      constants,
      uniforms: { total: size, channels: g!.type.shape[1]!, rows: table.length, accumulate: from > 0 ? 1 : 0 },
      table,
      reads: [g!],
      writes: [output],
      workgroups,
    });
  }
};
