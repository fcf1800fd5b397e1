import { convolutionFlops } from "../../../graph/flops.ts";
import { grid, quads, type TensorRef } from "../kernel.ts";
import type { ConvContext } from "./conv-shape.ts";
import { planePixels } from "./launch.ts";

/** Pixels of one block in pointwise.wesl. */
const TILE = 8;

/**
 * 1x1 convolution with stride 1, a product with packed weights.
 *
 * @param packed blocks of conv_pack.wesl for this direction
 */
export function pointwise({ tuning, dispatch }: ConvContext, from: TensorRef, packed: TensorRef, to: TensorRef): void {
  const pixels = planePixels(to.type);
  const wg = tuning.workgroup;
  const pairs = Math.ceil(quads(to.type.shape[1]!) / 2);
  // Many pixels a thread only where enough threads remain to fill the adapter.
  const most = Math.floor((pixels * pairs) / (TILE * wg * 64));
  const blocks = Math.max(1, Math.min(Math.ceil(tuning.pixels / TILE), most));
  const [groupsX, groupsY] = grid(Math.ceil(pixels / (TILE * blocks)), wg);
  dispatch({
    shader: "pointwise",
    constants: { wg },
    uniforms: { pixels, in_quads: quads(from.type.shape[1]!), out_quads: quads(to.type.shape[1]!), blocks },
    reads: [from, packed],
    writes: [to],
    flops: convolutionFlops(to.type, from.type.shape[1]!),
    workgroups: [groupsX, groupsY, pairs],
  });
}
