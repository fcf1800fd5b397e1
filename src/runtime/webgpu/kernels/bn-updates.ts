import { elements } from "../../../graph/types.ts";
import { grid, type Lower, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { TERMS, termConditions } from "./chunks.ts";

const f32Bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/** What one dispatch updates, and the statistics it reads. */
interface Chunk {
  readonly updates: number[];
  readonly stats: number[];
}

/** Updates ordered by what they read, as many together as read few enough tensors and have a place in the table. */
function chunks(stats: readonly number[]): Chunk[] {
  const result: Chunk[] = [];
  const order = stats.map((_, update) => update).sort((a, b) => stats[a]! - stats[b]! || a - b);
  for (const update of order) {
    const input = stats[update]!;
    let open = result.at(-1);
    const fits =
      open && 2 * (open.updates.length + 1) <= TABLE_ROWS && (open.stats.includes(input) || open.stats.length < TERMS);
    if (!open || !fits) {
      open = { updates: [], stats: [] };
      result.push(open);
    }
    open.updates.push(update);
    if (!open.stats.includes(input)) open.stats.push(input);
  }
  return result;
}

/** Running statistics are bound as one arena, read and written; each tensor of batch statistics has a binding. */
export const bnUpdates: Lower<"bn_updates"> = ({ node, inputs, tuning, span, parts, dispatch }) => {
  const { updates } = node.attrs;
  const old = inputs.slice(0, updates.length);
  const from = span(old);
  const to = parts(old.map(({ type }) => elements(type)));
  for (const chunk of chunks(updates.map(({ stats }) => stats))) {
    const rows = chunk.updates.flatMap((index): [number, number, number, number][] => {
      const { stats, start, momentum, count } = updates[index]!;
      const channels = old[index]!.type.shape[1]!;
      const width = inputs[stats]!.type.shape[1]!;
      const unbias = count > 1 ? count / (count - 1) : 1;
      return [
        [from.offsets[index]!, to.offsets[index]!, channels, chunk.stats.indexOf(stats)],
        [start, width, f32Bits(momentum), f32Bits(unbias)],
      ];
    });
    const most = Math.max(...chunk.updates.map((index) => old[index]!.type.shape[1]!));
    const blocks = Math.ceil(most / tuning.workgroup);
    dispatch({
      shader: "bn_updates",
      conditions: termConditions(chunk.stats.length),
      constants: { wg: tuning.workgroup },
      uniforms: { blocks, updates: chunk.updates.length },
      table: rows,
      reads: [from.ref, ...chunk.stats.map((input): TensorRef => inputs[input]!)],
      writes: [to.ref],
      workgroups: grid(chunk.updates.length * blocks * tuning.workgroup, tuning.workgroup),
    });
  }
};
