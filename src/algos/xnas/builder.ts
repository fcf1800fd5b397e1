import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { fullyConnected } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import type { NodeDesc } from "../../desc/model-desc.ts";

/** Every edge is a `xnas_op`. */
export class XnasModelDescBuilder extends ModelDescBuilder {
  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "xnas_op");
  }
}
