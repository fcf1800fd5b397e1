import { dims4, type Node, type OpName, type TensorType } from "../../../graph/types.ts";
import { grid, type LowerContext, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { mergeMoments } from "./bn-stats.ts";
import { planePixels, vectors } from "./launch.ts";
import type { loadReads } from "./load-reads.ts";
import { blockOf, type Term, type Tile, tilesOf, tileTables } from "./pointwise-tiles.ts";
import { shapeClass } from "./tuned.ts";

/** Sums of products of channels, pixel by pixel: a bundle of 1x1 convolutions, or its gradient by x. */
export interface Product {
  readonly source: TensorRef;
  readonly weights: TensorRef;
  /** x, whose ReLU masks the result. */
  readonly mask?: TensorRef;
  readonly terms: readonly Term[];
  readonly result: TensorRef;
  /** What the branches give forward. */
  readonly y: TensorType;
  readonly stride: readonly [number, number];
  /** Whether the source is the gradient by y: weights are taken transposed. */
  readonly byX: boolean;
  /** Of the ReLU and the batch norm: of the source, or of the mask. */
  readonly load: ReturnType<typeof loadReads>;
  /** Channels that gamma and beta have. */
  readonly read: number;
}

/** How a product is cut into threads. */
interface ProductLaunch {
  readonly shader: "pointwise_bundle" | "pointwise_bundle_tiled";
  readonly workgroup: number;
  /** Positions of a thread. */
  readonly per: number;
  /** Workgroups for each tile. */
  readonly blocks: number;
}

/** Positions of a thread of pointwise_bundle_tiled.wesl. */
const TILED_POSITIONS = 4;

/** Workgroups that all processors of a software adapter share well. */
const ENOUGH_GROUPS = 32;

/**
 * Software adapters keep weights in a thread, which many positions pay for; GPUs share them in a workgroup.
 *
 * @param key of what is measured
 * @param tiles of the result, times phases
 */
function productLaunch(key: string, positions: number, tiles: number, tuning: Tuning): ProductLaunch {
  const own = tuning.workgroup;
  if (own >= 64) {
    const workgroup = tuning.pick(key, [own, 2 * own]);
    const blocks = Math.ceil(positions / (workgroup * TILED_POSITIONS));
    return { shader: "pointwise_bundle_tiled", workgroup, per: TILED_POSITIONS, blocks };
  }
  const most = tuning.pick(key, [128, 64, 256]);
  const spread = Math.floor((positions * tiles) / (own * ENOUGH_GROUPS));
  const per = Math.max(1, Math.min(most, spread, Math.ceil(positions / own)));
  return { shader: "pointwise_bundle", workgroup: own, per, blocks: Math.ceil(positions / (own * per)) };
}

/**
 * Lowers a product: to one dispatch, unless its tiles and terms need more than one table. Followers are `bn_stats` of the
 * result.
 */
export function lowerProduct(context: LowerContext<OpName>, product: Product): void {
  const { node, tuning, scratch, dispatch, epilogues } = context;
  const { source, weights, mask, terms, result, y, byX, load } = product;
  const gridded = !sameGrid(product);
  const { positions, phases, ...places } = gridOf(gridded ? product : { ...product, stride: [1, 1] });
  const channels = dims4(result.type)[1];
  const tiles = tilesOf(terms, channels);
  const key = `${node.op}${gridded ? " strided" : ""} ${shapeClass(source.type)} ${tiles.length}t`;
  const launch = productLaunch(key, positions, tiles.length * phases, tuning);
  const { shader, workgroup: wg, per, blocks } = launch;
  const { parts, cut } = momentsCut(launch);
  const moments = epilogues.length > 0 ? scratch(vectors(2 * quads(channels) * parts)) : undefined;
  const tiled = shader === "pointwise_bundle_tiled";
  const size = tiled ? 4 : blockOf(tiles);
  const { relu, norm } = load.conditions;
  const unaligned = load.uniforms.range_start % 4 !== 0;
  for (const { tiles: part, table, accumulate } of tileTables(tiles)) {
    const [groupsX, groupsY] = grid(blocks * wg, wg);
    dispatch({
      shader,
      conditions: {
        by_x: byX,
        relu: relu && !byX,
        mask: mask !== undefined,
        norm,
        gridded,
        moments: moments !== undefined,
        unaligned: mask !== undefined && unaligned,
      },
      constants: tiled ? { wg } : { wg, size },
      uniforms: {
        positions,
        source_plane: planePixels(source.type),
        result_plane: planePixels(result.type),
        per,
        columns: 4 * size * size,
        norms: 4 * size,
        tiles: part.length,
        accumulate: accumulate ? 1 : 0,
        parts,
        ...load.uniforms,
        range_count: product.read,
        ...places,
        ...stepOf(places.grid_h, places.grid_w, wg),
      },
      table,
      reads: [source, weights, ...load.reads, ...(mask ? [mask] : [])],
      writes: moments ? [result, moments] : [result],
      ...(tiled && { workgroupBytes: 16 * (64 + 16 + (moments ? 4 + 8 * wg : 0)) }),
      flops: part.reduce((sum, tile) => sum + 2 * planePixels(y) * tileWeights(tile), 0),
      workgroups: [groupsX, groupsY, part.length * phases],
    });
  }
  for (const { node: follower, output: stats } of epilogues) {
    const { eps } = (follower as Node<"bn_stats">).attrs;
    const merge = { x: result, of: result.type, moments: moments!, parts, cut, ownOrigins: true, eps, stats };
    dispatch(mergeMoments(merge, tuning));
  }
}

/** Every position is the same pixel of source and result. */
const sameGrid = ({ y, source, result, terms }: Product): boolean =>
  [source.type, result.type].every(({ shape }) => shape[2] === y.shape[2] && shape[3] === y.shape[3]) &&
  terms.every(({ offset }) => offset[0] === 0 && offset[1] === 0);

/** The grid of positions as pointwise_terms.wesl describes it. */
function gridOf({ source, result, stride, byX }: Product) {
  const [images, , resultH, resultW] = dims4(result.type);
  const [, , sourceH, sourceW] = dims4(source.type);
  const [sourceStep, resultStep] = byX ? [[1, 1] as const, stride] : [stride, [1, 1] as const];
  const gridH = Math.ceil(resultH / resultStep[0]);
  const gridW = Math.ceil(resultW / resultStep[1]);
  return {
    positions: images * gridH * gridW,
    phases: resultStep[0] * resultStep[1],
    grid_h: gridH,
    grid_w: gridW,
    source_h: sourceH,
    source_w: sourceW,
    result_h: resultH,
    result_w: resultW,
    source_step_y: sourceStep[0],
    source_step_x: sourceStep[1],
    result_step_y: resultStep[0],
    result_step_x: resultStep[1],
  };
}

/** Images, rows and columns from a position to the one `distance` further on. */
function stepOf(gridH: number, gridW: number, distance: number) {
  const rows = Math.floor(distance / gridW);
  return { step_n: Math.floor(rows / gridH), step_y: rows % gridH, step_x: distance % gridW };
}

/** Positions that each part of the moments is made of, in the form of `Moments`. */
function momentsCut({ shader, workgroup, per, blocks }: ProductLaunch) {
  if (shader === "pointwise_bundle") return { parts: blocks * workgroup, cut: { per, workgroup } };
  return { parts: blocks, cut: { per: per * workgroup, workgroup: 1 } };
}

/** Weights that a tile's positions take. */
const tileWeights = ({ quad, quads: count, terms }: Tile): number =>
  terms.reduce((sum, { sources, result, results }) => {
    const channels = Math.min(result + results, 4 * (quad + count)) - Math.max(result, 4 * quad);
    return sum + channels * sources;
  }, 0);
