import { type Conv2dAttrs, type DenseAttrs, dims4, type OpName, type TensorType } from "../../../graph/types.ts";
import { grid, type LowerContext, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { planePixels } from "./launch.ts";

/** What the parts of a convolution's lowering need of its context, whatever the node. */
export type ConvContext = Pick<LowerContext<OpName>, "tuning" | "scratch" | "span" | "dispatch">;

/** A convolution weight [O, I/groups, kh, kw], or [out, in] of a linear layer. */
export interface Filter {
  readonly outputs: number;
  /** Per group: 1 for depthwise. */
  readonly inputs: number;
  readonly kernel: readonly [number, number];
  readonly taps: number;
}

export function filterOf(shape: readonly number[]): Filter {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  return { outputs, inputs, kernel: [height, width], taps: height * width };
}

/**
 * Weights [O, I, kh, kw] of one filter, in one binding. If there are several, each has some of its outputs, and a row of a
 * table: its first output, and what it takes to get to its element from where that would be if there were one weight.
 */
export interface Weights {
  readonly ref: TensorRef;
  readonly parts: readonly (readonly [number, number, 0, 0])[];
}

export function weightsOf({ span }: ConvContext, weights: readonly TensorRef[], { inputs, taps }: Filter): Weights {
  const { ref, offsets } = span(weights);
  if (weights.length === 1) return { ref, parts: [] };
  let output = 0;
  const parts = weights.map(({ type }, index) => {
    const first = output;
    output += type.shape[0]!;
    return [first, offsets[index]! - first * inputs * taps, 0, 0] as const;
  });
  return { ref, parts };
}

/** Groups of a dense convolution over a single channel are 1 too: it may widen, a depthwise one may not. */
export const isDepthwise = ({ groups }: Conv2dAttrs): boolean => groups > 1;

/** What `Shape` of conv_shape.wesl needs, in one direction, per axis [vertical, horizontal]. */
interface Direction {
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly up: readonly [number, number];
}

export function directionOf(attrs: DenseAttrs, filter: Filter, backward: boolean): Direction {
  if (!backward) return { stride: attrs.stride, padding: attrs.padding, up: [1, 1] };
  const mirrored = (axis: 0 | 1) => attrs.dilation[axis] * (filter.kernel[axis] - 1) - attrs.padding[axis];
  return { stride: [1, 1], padding: [mirrored(0), mirrored(1)], up: attrs.stride };
}

/**
 * Uniforms, condition and workgroups of conv2d.wesl and depthwise.wesl: threads are tiles of pixels of one row
 * (shaders/conv_shape.wesl explains the lattice).
 *
 * @param tile pixels a thread computes
 * @param z workgroups per tile: output quads, or pairs of them
 */
export function tiling(
  from: TensorType,
  to: TensorType,
  attrs: DenseAttrs,
  filter: Filter,
  backward: boolean,
  tuning: Tuning,
  tile: number,
  z: number,
) {
  const { stride, padding, up } = directionOf(attrs, filter, backward);
  const [, inC, inH, inW] = dims4(from);
  const [n, outC, outH, outW] = dims4(to);
  const sliding = stride[1] === 1 && up[1] === 1;
  const dilation = attrs.dilation[1];
  const lattice = sliding ? dilation : up[1];
  const tilesResidue = Math.ceil(Math.ceil(outW / lattice) / tile);
  // Residues modulo the dilation lie side by side in a row; those modulo `up` are workgroups of their own.
  const tilesRow = sliding ? Math.min(lattice, outW) * tilesResidue : tilesResidue;
  const rows = Math.ceil(outH / up[0]);
  const tiles = n * rows * tilesRow;
  const [groupsX, groupsY] = grid(tiles, tuning.workgroup);
  return {
    constants: { wg: tuning.workgroup },
    conditions: { sliding },
    uniforms: {
      in_h: inH,
      in_w: inW,
      out_h: outH,
      out_w: outW,
      kernel_h: filter.kernel[0],
      kernel_w: filter.kernel[1],
      stride_y: stride[0],
      stride_x: stride[1],
      pad_y: padding[0],
      pad_x: padding[1],
      dilation_y: attrs.dilation[0],
      dilation_x: dilation,
      up_y: up[0],
      up_x: up[1],
      lattice,
      step: sliding ? dilation : up[1] > 1 ? 1 : stride[1],
      tap_step_y: up[0] / gcd(up[0], attrs.dilation[0]),
      tap_step_x: up[1] / gcd(up[1], dilation),
      rows,
      tiles_residue: tilesResidue,
      tiles_row: tilesRow,
      tiles,
      in_quads: quads(inC),
      out_quads: quads(outC),
      in_plane: planePixels(from),
      out_plane: planePixels(to),
    },
    workgroups: [groupsX, groupsY, z * up[0] * up[1]] as const,
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
