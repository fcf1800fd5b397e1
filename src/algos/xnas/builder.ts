import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import { fullyConnected } from "../../desc/full-cell.ts";
import type { CellPlan } from "../../desc/macro.ts";
import type { ModelDesc, NodeDesc } from "../../desc/model-desc.ts";

/** Every edge is a `xnas_op`. */
export class XnasModelDescBuilder extends ModelDescBuilder {
  readonly #shared: boolean;

  /** @param options.shared whether cells of one type share their alphas; the reference's do not */
  constructor({ shared }: { readonly shared: boolean } = { shared: true }) {
    super();
    this.#shared = shared;
  }

  override build(section: Readonly<Record<string, unknown>>, template?: ModelDesc): ModelDesc {
    const desc = super.build(section, template);
    return this.#shared ? desc : withOwnAlphas(desc);
  }

  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "xnas_op");
  }
}

/** The description with alphas for every cell. */
export const withOwnAlphas = (desc: ModelDesc): ModelDesc => ({
  ...desc,
  cellDescs: desc.cellDescs.map((cell) => ({ ...cell, trainablesFrom: cell.id })),
});
