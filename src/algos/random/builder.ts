import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { strideOf } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import { type CellType, type NodeDesc, opDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";

/** Ops of a node's edges and the states they read. */
export interface NodePick {
  readonly ops: readonly string[];
  readonly inputs: readonly number[];
}

/** What was drawn for the nodes of each type of cell. */
export type Picks = Readonly<Record<CellType, readonly NodePick[]>>;

/** A fixed network of given ops and connections, drawn once for each type of cell. */
export class RandomModelDescBuilder extends ModelDescBuilder {
  readonly #picks: Picks;

  constructor(picks: Picks) {
    super();
    this.#picks = picks;
  }

  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    const convParams = { chIn: plan.nodeChannels, chOut: plan.nodeChannels };
    const picks = this.#picks[plan.type];
    if (picks.length !== conf.cell.n_nodes) {
      throw new SupernetError("desc", `${picks.length} nodes were drawn for a cell of ${conf.cell.n_nodes}`);
    }
    return picks.map(({ ops, inputs }) => ({
      convParams,
      edges: ops.map((op, i) => {
        const state = inputs[i] ?? 0;
        return { inputIds: [state], opDesc: opDesc(op, { conv: convParams, stride: strideOf(plan, state) }) };
      }),
    }));
  }
}
