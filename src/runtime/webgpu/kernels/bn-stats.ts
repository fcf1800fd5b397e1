import { dims4, type TensorType } from "../../../graph/types.ts";
import {
  type DispatchSpec,
  f32,
  type Lower,
  quads,
  type TensorRef,
  type Tuning,
  type UniformField,
} from "../kernel.ts";
import { each, planePixels, planeReduction, vectors } from "./launch.ts";

/** What the second stage of batch statistics (shaders/bn_stats.wesl) merges. */
export interface Moments {
  /** First pixels of its planes are what means are relative to; with fewer planes than `of`, they repeat. */
  readonly x: TensorRef;
  /** The tensor whose statistics are wanted. */
  readonly of: TensorType;
  /** For each of its planes `parts` pairs of vectors: mean, sum of squared deviations. */
  readonly moments: TensorRef;
  readonly parts: number;
  /** How many pixels each part has: strips of all rows, or `per` pixels of each thread, neighbours `workgroup` apart. */
  readonly cut:
    | Readonly<Record<"strips" | "rows" | "width", UniformField>>
    | Readonly<Record<"per" | "workgroup", UniformField>>;
  /** Means are relative to the first pixels of their parts, `x` is what they are of. */
  readonly ownOrigins?: boolean;
  readonly eps: number;
  readonly stats: TensorRef;
}

export function mergeMoments(
  { x, of, moments, parts, cut, ownOrigins = false, eps, stats }: Moments,
  tuning: Tuning,
): DispatchSpec {
  const [, channels] = dims4(of);
  const launch = each(quads(channels), tuning);
  return {
    shader: "bn_stats",
    conditions: { strips: "strips" in cut, own_origins: ownOrigins },
    ...launch,
    uniforms: {
      ...launch.uniforms,
      channels,
      pixels: planePixels(of),
      parts,
      eps: f32(eps),
      x_planes: quads(dims4(x.type)[1]),
      x_pixels: planePixels(x.type),
      ...cut,
    },
    reads: [x, moments],
    writes: [stats],
  };
}

export const bnStats: Lower<"bn_stats"> = ({ node, inputs, output, tuning, scratch, dispatch }) => {
  const x = inputs[0]!;
  const { parts, ...launch } = planeReduction(x.type, tuning);
  const { planes, per } = launch.uniforms as Record<string, number>;
  const moments = scratch(vectors(2 * planes! * parts));
  dispatch({ shader: "bn_stats_parts", ...launch, reads: [x], writes: [moments] });
  const cut = { per: per!, workgroup: tuning.workgroup };
  const { eps } = node.attrs;
  dispatch(mergeMoments({ x, of: x.type, moments, parts, cut, eps, stats: output }, tuning));
};

export const bnRunning: Lower<"bn_running"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = each(output.type.shape[1]!, tuning);
  dispatch({
    shader: "bn_running",
    ...launch,
    uniforms: { ...launch.uniforms, eps: f32(node.attrs.eps) },
    reads: [inputs[0]!],
    writes: [output],
  });
};

export const bnUpdate: Lower<"bn_update"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { momentum, count } = node.attrs;
  const launch = each(output.type.shape[1]!, tuning);
  dispatch({
    shader: "bn_update",
    ...launch,
    uniforms: { ...launch.uniforms, momentum: f32(momentum), unbias: f32(count > 1 ? count / (count - 1) : 1) },
    reads: [inputs[0]!, inputs[1]!],
    writes: [output],
  });
};
