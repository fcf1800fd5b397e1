import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { fullyConnected } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import type { NodeDesc } from "../../desc/model-desc.ts";

/** Every edge is a `div_op`. */
export class DivnasModelDescBuilder extends ModelDescBuilder {
  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "div_op");
  }
}
