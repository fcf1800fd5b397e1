import { type Lower, TABLE_ROWS } from "../kernel.ts";
import { chunks, TERMS, termConditions } from "./chunks.ts";
import { each } from "./launch.ts";

/** As many matrices at a time as a dispatch binds, as many of their rows as the table holds; most models need one dispatch. */
export const mixDw: Lower<"mix_dw"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { rows, size } = node.attrs;
  const { constants, workgroups } = each(size, tuning);
  let accumulate = 0;
  const launch = (first: number, count: number, taken: typeof rows) => {
    const bound = inputs.slice(first, first + count);
    dispatch({
      shader: "mix_dw",
      constants,
      conditions: termConditions(count),
      uniforms: { total: size, rows: taken.length, accumulate },
      table: taken.map(
        ({ source, row, index }) => [source - first, row, index, inputs[source]!.type.shape[1]!] as const,
      ),
      reads: bound,
      writes: [output],
      workgroups,
    });
    accumulate = 1;
  };
  chunks(inputs).forEach((group, chunk) => {
    const first = chunk * TERMS;
    const own = rows.filter(({ source }) => source >= first && source < first + group.length);
    for (let at = 0; at < own.length; at += TABLE_ROWS) launch(first, group.length, own.slice(at, at + TABLE_ROWS));
  });
  // Without any row, the result is zero.
  if (accumulate === 0) launch(0, Math.min(inputs.length, TERMS), []);
};
