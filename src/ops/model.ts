import type { ModelDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { planes, type Value } from "../graph/types.ts";
import { lowerAuxTower } from "./aux-tower.ts";
import { lowerCell } from "./cell.ts";
import type { LowerContext, LowerOptions } from "./context.ts";
import { lowerInto } from "./registry.ts";

export interface ModelOptions extends LowerOptions {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Leave the aux towers out although training (to count what inference costs, for example). */
  readonly withoutAux?: boolean;
}

/** The forward graph of a model; go on adding loss and metrics to `builder`. */
export interface LoweredModel {
  readonly builder: GraphBuilder;
  /** The images: graph input `x`, planes [N, ds_ch, height, width]. */
  readonly x: Value;
  /** [N, classes, 1, 1]. */
  readonly logits: Value;
  /** Logits of the aux tower, same shape; only in training mode and where the description has one. */
  readonly logitsAux?: Value;
}

/**
 * Lowers a model description to its forward graph. Parameters carry PyTorch's names, in the order of the reference's
 * `named_parameters()`; running statistics leave as outputs that overwrite them (training mode only).
 *
 * @throws SupernetError("desc" or "graph") naming the module and what it objects to
 */
export function lowerModel(desc: ModelDesc, options: ModelOptions): LoweredModel {
  const builder = new GraphBuilder();
  const ctx = lowerInto(builder, options);
  const x = builder.input("x", planes([options.batch, desc.dsCh, options.height, options.width]));
  const cells = lowerCells(ctx, desc, x);
  const logitsAux = options.training && !options.withoutAux ? lowerAuxTowers(ctx, desc, cells) : undefined;
  const pooled = ctx.child("pool_op", (sub) => sub.lowerOp(desc.poolOp, [cells.at(-1) ?? x]));
  const logits = ctx.child("logits_op", (sub) => sub.lowerOp(desc.logitsOp, [pooled]));
  return logitsAux === undefined ? { builder, x, logits } : { builder, x, logits, logitsAux };
}

/** Outputs of all cells. The first cell reads the first and the last stem; each stem reads the image. */
function lowerCells(ctx: LowerContext, desc: ModelDesc, x: Value): Value[] {
  const stems = desc.modelStems.map((stem, i) => ctx.child(`model_stems.${i}`, (sub) => sub.lowerOp(stem, [x])));
  let [s0, s1 = s0] = stems;
  if (s0 === undefined || s1 === undefined || desc.cellDescs.length === 0) {
    throw new SupernetError("desc", "a model needs at least one stem and one cell; see model_stems and n_cells");
  }
  const outputs: Value[] = [];
  for (const cell of desc.cellDescs) {
    const before: Value = s0;
    const last: Value = s1;
    const lower = (sub: LowerContext) => lowerCell(sub, cell, before, last);
    s0 = last;
    s1 = ctx.child(`cells.${cell.id}`, lower, `cells.${cell.trainablesFrom}`);
    outputs.push(s1);
  }
  return outputs;
}

/** Logits of the aux tower; of the last one if there are several. */
function lowerAuxTowers(ctx: LowerContext, desc: ModelDesc, cells: readonly Value[]): Value | undefined {
  let logits: Value | undefined;
  for (const [i, tower] of desc.auxTowerDescs.entries()) {
    const cell = cells[i];
    if (!tower || cell === undefined) continue;
    logits = ctx.child(`_aux_towers.${i}`, (sub) => lowerAuxTower(sub, tower, cell));
  }
  return logits;
}
