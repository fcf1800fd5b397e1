import { elements } from "../../../graph/types.ts";
import { type DispatchSpec, type Lower, TABLE_ROWS } from "../kernel.ts";

type Row = readonly [number, number, number, number];

/** One workgroup a vector, as many dispatches as the table asks for. */
function dispatches(spec: Omit<DispatchSpec, "table" | "workgroups">, rows: readonly Row[]): DispatchSpec[] {
  const result: DispatchSpec[] = [];
  for (let start = 0; start < rows.length; start += TABLE_ROWS) {
    const table = rows.slice(start, start + TABLE_ROWS);
    result.push({ ...spec, table, workgroups: [table.length, 1, 1] });
  }
  return result;
}

export const softmax: Lower<"softmax"> = ({ inputs, output, span, dispatch }) => {
  const size = elements(inputs[0]!.type);
  const { ref, offsets } = span(inputs);
  const rows = offsets.map((offset, index): Row => [offset, index * size, 0, 0]);
  const spec = { shader: "softmax", uniforms: { size }, reads: [ref], writes: [output] };
  for (const each of dispatches(spec, rows)) dispatch(each);
};

export const softmaxDx: Lower<"softmax_dx"> = ({ node, inputs, output, parts, dispatch }) => {
  const { vectors } = node.attrs;
  const size = elements(output.type) / vectors;
  const { ref, offsets } = parts(new Array(vectors).fill(size));
  const rows = offsets.map((offset, index): Row => [index * size, offset, 0, 0]);
  const spec = { shader: "softmax_dx", uniforms: { size }, reads: inputs, writes: [ref] };
  for (const each of dispatches(spec, rows)) dispatch(each);
};
