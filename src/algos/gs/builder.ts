import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { fullyConnected } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import type { NodeDesc } from "../../desc/model-desc.ts";

/** Every edge is a `gs_op` that knows how many samples a node draws. */
export class GsModelDescBuilder extends ModelDescBuilder {
  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "gs_op", { gs_num_sample: conf.cell.gs?.num_sample ?? 1 });
  }
}
