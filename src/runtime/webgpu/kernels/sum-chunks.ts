import { grid, quads, type TensorRef } from "../kernel.ts";
import type { ConvContext } from "./conv-shape.ts";

/** What lies in `parts`, see sum_chunks.wesl. */
export interface Chunks {
  readonly rows: number;
  readonly columns: number;
  readonly storedColumns: number;
  readonly taps: number;
  readonly chunks: number;
}

/** Second stage of a reduction to a flat tensor: adds the chunks in order. */
export function sumChunks({ tuning, dispatch }: ConvContext, parts: TensorRef, to: TensorRef, layout: Chunks): void {
  const { rows, columns, storedColumns, taps, chunks } = layout;
  dispatch({
    shader: "sum_chunks",
    constants: { wg: tuning.workgroup },
    uniforms: { rows, columns, stored_columns: storedColumns, taps, chunks },
    reads: [parts],
    writes: [to],
    workgroups: grid(quads(rows) * columns * taps, tuning.workgroup),
  });
}
