import { dims4 } from "../../../graph/types.ts";
import { grid, type Lower, quads } from "../kernel.ts";
import { storedElements, vectors } from "./launch.ts";
import { fittingChunks } from "./sum-parts.ts";

/** Tensors of a group: a dispatch compares those of two groups, which with the result is seven bindings of eight. */
const GROUP = 3;

/** Parts that all samples are cut into at least, so that a device has something to do. */
const PARTS = 512;

/**
 * In two stages: sums over parts of each sample, then the parts in order. Every tensor is read once for each other group; the
 * pairs within groups are taken along by the dispatches of groups 0 and 1, 2 and 3, ….
 */
export const pairDistances: Lower<"pair_distances"> = ({ inputs, output, tuning, parts, partials, sum, dispatch }) => {
  const [{ type }] = inputs as [(typeof inputs)[0]];
  const [pairs = 0, samples = 0] = output.type.shape;
  const [, , h, w] = dims4(type);
  const perSample = storedElements(type) / samples;
  // A workgroup shares a part, but on software adapters, where it is a loop.
  const shared = tuning.workgroup >= 64;
  const lanes = shared ? tuning.workgroup : 1;
  const slots = quads(pairs) * samples;
  const wanted = Math.min(Math.ceil(PARTS / samples), Math.ceil(perSample / lanes), fittingChunks(slots));
  const perChunk = Math.ceil(perSample / wanted);
  const chunks = Math.ceil(perSample / perChunk);
  const partial = partials(vectors(chunks * slots));
  const groups = Math.ceil(inputs.length / GROUP);
  const last = inputs.at(-1)!;
  for (let a = 0; a < groups; a++) {
    // The last of an odd number of groups has no partner, but pairs of its own.
    const end = Math.max(groups, a % 2 === 0 ? a + 2 : 0);
    for (let b = a + 1; b < end; b++) {
      const chosen = [a, b].flatMap((group) => Array.from({ length: GROUP }, (_, k) => group * GROUP + k));
      dispatch({
        shader: "pair_distances",
        constants: { wg: tuning.workgroup },
        conditions: { shared, within: a % 2 === 0 && b === a + 1 },
        uniforms: {
          samples,
          pixels: h * w,
          per_sample: perSample,
          per_chunk: perChunk,
          chunks,
          pairs,
          tensors: inputs.length,
          first: a * GROUP,
          second: b * GROUP,
        },
        workgroupBytes: shared ? 15 * 4 * tuning.workgroup : undefined,
        reads: chosen.map((index) => inputs[index] ?? last),
        writes: [partial],
        workgroups: grid(samples * chunks * lanes, tuning.workgroup),
      });
    }
  }
  const sections = [{ rows: pairs, columns: samples }];
  sum({ parts: partial, chunks, sections, to: parts([pairs * samples]) });
};
