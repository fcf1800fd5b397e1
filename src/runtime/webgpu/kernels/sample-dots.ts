import { dims4, flat, type MixAttrs, type OpAttrs } from "../../../graph/types.ts";
import { f32, grid, type Lower, type LowerContext, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { each, type Launch, planePixels } from "./launch.ts";
import { mixParts } from "./mix-parts.ts";
import { NUMBERS, vectorChunks } from "./mix-vectors.ts";

/** Without a `mix_grad` to go along with. */
export const sampleDots: Lower<"sample_dots"> = (context) => {
  const { node, inputs, output, tuning } = context;
  const [dy, ...rest] = inputs as [TensorRef, ...TensorRef[]];
  const { parts, ...launch } = sampleReduction(dy, tuning);
  const sums = mixParts(context, { dy, inputs: rest, terms: node.attrs.terms, launch, parts, samples: true });
  finishSampleDots(context, { ...node.attrs, dy, inputs: rest, sums, parts, dots: output });
};

/** Pixels of an invocation: enough to pay for its part, which is as large as a pixel of every term. */
const PIXELS = 16;
/** Parts of a plane beyond which adding them up takes longer than making them. */
const PARTS = 2048;

/** How each sample is summed by itself, with as many parts for every one; its invocations take neighbouring pixels. */
export function sampleReduction(dy: TensorRef, tuning: Tuning): Launch & { readonly parts: number } {
  const [samples, channels, h, w] = dims4(dy.type);
  const image = h * w;
  const wg = tuning.workgroup;
  // One invocation has a whole sample on software adapters, where it makes no difference who takes turns.
  const most = wg < 64 ? 1 : Math.max(1, Math.min(Math.floor(image / PIXELS), Math.floor(PARTS / samples)));
  const sharing = 2 ** Math.floor(Math.log2(most));
  const parts = samples * sharing;
  const blocks = Math.ceil(parts / wg);
  const planes = quads(channels);
  return {
    parts,
    uniforms: { planes, pixels: planePixels(dy.type), per: PIXELS, blocks },
    constants: { wg },
    workgroups: grid(planes * blocks * wg, wg),
  };
}

/** What the later stages of `sample_dots` make its result of. */
export interface SampleSums extends MixAttrs, Pick<OpAttrs["sample_dots"], "clip"> {
  readonly dy: TensorRef;
  /** Those of `mix`. */
  readonly inputs: readonly TensorRef[];
  /** As for `mix_grad`, as many of the parts for each sample. */
  readonly sums: TensorRef;
  readonly parts: number;
  readonly dots: TensorRef;
}

/** Adds up each sample's parts, then the samples. */
export function finishSampleDots(
  { tuning, span, scratch, dispatch }: Pick<LowerContext<"mix_grad">, "tuning" | "span" | "scratch" | "dispatch">,
  { channels, terms, clip, dy, inputs, sums, parts, dots }: SampleSums,
): void {
  const [samples] = dims4(dy.type);
  const sharing = parts / samples;
  const bySample = scratch(flat([terms.length * samples]));
  const split = tuning.workgroup >= 64;
  const order = terms.map((_, t) => t);
  for (const chunk of vectorChunks({ span }, inputs, terms, order)) {
    const items = chunk.terms * samples;
    dispatch({
      shader: "sample_dots",
      constants: { wg: tuning.workgroup },
      conditions: { split },
      uniforms: { channels, lanes: 4 * quads(channels), samples, sharing, terms: chunk.terms, numbers: NUMBERS },
      table: chunk.table,
      reads: [...chunk.reads, sums],
      writes: [bySample],
      workgroups: grid(split ? items * tuning.workgroup : items, tuning.workgroup),
      ...(split && { workgroupBytes: 4 * tuning.workgroup }),
    });
  }
  const launch = each(terms.length, tuning);
  dispatch({
    shader: "sample_dots_sum",
    ...launch,
    uniforms: { ...launch.uniforms, samples, clip: f32(clip) },
    reads: [bySample],
    writes: [dots],
  });
}
