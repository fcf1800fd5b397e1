import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { fullyConnected } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import type { NodeDesc } from "../../desc/model-desc.ts";

/** Every edge is a `mixed_op`. */
export class DartsModelDescBuilder extends ModelDescBuilder {
  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "mixed_op");
  }
}
