import { html, LitElement, nothing } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import type { StoredRun } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { cellsOf, type RunView, weightsOf } from "../state/run-view.ts";
import { PHASE_NAMES } from "../state/words.ts";
import { shared } from "../theme.ts";
import { panels } from "./panels.ts";
import "../charts/curves.ts";
import "../parts/architecture.ts";
import "../parts/confusion.ts";
import "./results.ts";
import "./try-model.ts";

/** Everything there is to see of a run: while it goes on, and afterwards. */
export class SnRunReport extends LitElement {
  static override properties = { engine: { attribute: false }, view: { attribute: false }, kept: { attribute: false } };
  declare engine: EngineClient;
  declare view: RunView;
  /** The run with its files, where it has ended. */
  declare kept?: StoredRun;

  static override styles = [shared, panels];

  protected override render() {
    const { view, engine } = this;
    const { summary } = view;
    const evaluation = summary?.eval;
    const hasCells = cellsOf(view).length > 0 || weightsOf(view).length > 0;
    return html`<div class="stack wide">
      ${summary ? panel("Result", html`<sn-results .engine=${engine} .summary=${summary} .kept=${this.kept}></sn-results>`) : nothing}
      ${hasCells ? panel(view.found || summary ? "Architecture found" : "Architecture so far", html`<sn-architecture .view=${view}></sn-architecture>`) : nothing}
      ${view.curves.map((curve) =>
        panel(curveHeading(view, curve.phase, curve.title), html`<sn-curves .curve=${curve}></sn-curves>`),
      )}
      ${
        evaluation && evaluation.confusion.length > 0
          ? panel(
              "Confusion",
              html`<sn-confusion .classes=${evaluation.classes} .counts=${evaluation.confusion}></sn-confusion>`,
            )
          : nothing
      }
      ${evaluation ? panel("Try the network", html`<sn-try-model .engine=${engine} run=${summary?.name ?? ""}></sn-try-model>`) : nothing}
    </div>`;
  }
}

function panel(heading: string, body: unknown) {
  return html`<section class="panel stack"><h2>${heading}</h2>${body}</section>`;
}

/** A phase usually has one training run; further ones are told apart by their titles. */
function curveHeading({ curves }: RunView, phase: "search" | "eval", title: string): string {
  const several = curves.filter((curve) => curve.phase === phase).length > 1;
  return several ? `${PHASE_NAMES[phase]}: ${title}` : PHASE_NAMES[phase];
}

define("sn-run-report", SnRunReport);
