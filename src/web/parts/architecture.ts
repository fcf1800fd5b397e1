import { css, html, LitElement, nothing } from "lit";
import { skipShare } from "../../report/cells.ts";
import { define } from "../define.ts";
import { cellsOf, type RunView, weightsOf } from "../state/run-view.ts";
import { shared } from "../theme.ts";
import "../charts/cell-graph.ts";
import "../charts/heat-map.ts";
import "../charts/skip-gauge.ts";

/** Mixtures and cells of a search: those of now, or of the epoch that the slider is moved to. */
export class SnArchitecture extends LitElement {
  static override properties = { view: { attribute: false }, chosen: { state: true } };
  declare view?: RunView;
  /** Index of the snapshot looked at; undefined follows the search. */
  declare private chosen?: number;

  static override styles = [
    shared,
    css`
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1.25rem;
      }
      label {
        display: grid;
        grid-template-columns: auto minmax(6rem, 1fr) auto;
        align-items: center;
        gap: 0.75rem;
        font-size: 0.8125rem;
      }
    `,
  ];

  protected override render() {
    const { view } = this;
    if (!view) return nothing;
    const { snapshots } = view;
    const last = snapshots.length - 1;
    const at = Math.min(this.chosen ?? last, last);
    const snapshot = snapshots[at];
    const cells = at === last || !snapshot ? cellsOf(view) : snapshot.best;
    const weights = snapshot?.cells ?? weightsOf(view);
    if (cells.length === 0 && weights.length === 0) return nothing;
    return html`<div class="stack">
      ${snapshots.length > 1 ? this.#slider(at, last, snapshot?.epoch ?? 0) : nothing}
      <div class="pair" part="cells">${cells.map((cell) => html`<sn-cell-graph .cell=${cell}></sn-cell-graph>`)}</div>
      <sn-skip-gauge .share=${skipShare(cells)}></sn-skip-gauge>
      <div class="pair" part="heat">${weights.map((cell) => html`<sn-heat-map .weights=${cell}></sn-heat-map>`)}</div>
    </div>`;
  }

  #slider(at: number, last: number, epoch: number) {
    return html`<label>
      <span class="muted">As of epoch</span>
      <input type="range" min="0" max=${last} step="1" .value=${String(at)} @input=${this.#scrub} />
      <span>${epoch + 1}${at === last ? " (latest)" : ""}</span>
    </label>`;
  }

  #scrub(event: Event): void {
    const at = Number((event.target as HTMLInputElement).value);
    this.chosen = at === (this.view?.snapshots.length ?? 0) - 1 ? undefined : at;
  }
}

define("sn-architecture", SnArchitecture);
