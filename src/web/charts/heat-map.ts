import { css, html, LitElement, nothing } from "lit";
import { shortName, stateName } from "../../report/cells.ts";
import type { CellWeights } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { cellTitle } from "../state/words.ts";
import { shared } from "../theme.ts";

/** The mixtures of one cell as a table: edges down, primitives across, the darker the larger the share. */
export class SnHeatMap extends LitElement {
  static override properties = { weights: { attribute: false } };
  declare weights?: CellWeights;

  static override styles = [
    shared,
    css`
      table {
        width: 100%;
        border-spacing: 2px;
        border-collapse: separate;
      }
      caption {
        text-align: start;
        padding-block-end: 0.25rem;
        font-weight: 600;
        font-size: 0.875rem;
      }
      caption .muted {
        font-weight: 400;
      }
      th {
        color: var(--sn-muted);
        font-size: 0.75rem;
        white-space: nowrap;
        padding-inline: 0 0.25rem;
      }
      thead th {
        padding: 0;
        text-align: center;
        white-space: normal;
        line-height: 1.2;
        vertical-align: bottom;
      }
      td {
        min-width: 2.1rem;
        padding: 0.22rem 0.1rem;
        font-size: 0.75rem;
        text-align: center;
        border-radius: 3px;
        background: color-mix(in oklab, var(--sn-heat) calc(var(--share) * 72%), var(--sn-surface));
        box-shadow: inset 0 0 0 1px color-mix(in oklab, var(--sn-line) 60%, transparent);
        transition: background-color 0.4s;
      }
      td.top {
        box-shadow: inset 0 0 0 2px var(--sn-ink);
        font-weight: 600;
      }
      .scale {
        display: inline-block;
        width: 4rem;
        height: 0.55rem;
        border-radius: 2px;
        background: linear-gradient(
          to right in oklab,
          var(--sn-surface),
          color-mix(in oklab, var(--sn-heat) 72%, var(--sn-surface))
        );
        box-shadow: inset 0 0 0 1px var(--sn-line);
      }
    `,
  ];

  protected override render() {
    const { weights } = this;
    if (!weights || weights.edges.length === 0) return nothing;
    const all = weights.edges.flatMap((edge) => edge.weights);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const caption = cellTitle(weights);
    return html`
      <div class="scroll" tabindex="0" role="group" aria-label=${`${caption}: shares of the primitives`}>
        <table>
          <caption>
            ${caption} <span class="muted small">share of each primitive in %</span>
          </caption>
          <thead>
            <tr>
              <th scope="col"><span class="sr">Edge</span></th>
              ${weights.primitives.map((name) => html`<th scope="col">${shortName(name)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${weights.edges.map(
              ({ node, state, weights: shares }) => html`<tr>
                <th scope="row">${stateName(state)} → node ${node}</th>
                ${shares.map((share) => this.#cell(share, share === Math.max(...shares), low, high))}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="row small muted">
        <span>${(100 * low).toFixed(1)} <span class="scale" aria-hidden="true"></span> ${(100 * high).toFixed(1)} %</span>
        <span>outlined: largest of an edge</span>
      </p>
    `;
  }

  /** Coloured between the table's smallest and largest share: early in a search all are nearly alike. */
  #cell(share: number, top: boolean, low: number, high: number) {
    const heat = high > low ? (share - low) / (high - low) : 0;
    return html`<td class=${top ? "top" : ""} .style=${`--share: ${heat.toFixed(3)}`}>${(100 * share).toFixed(1)}</td>`;
  }
}

define("sn-heat-map", SnHeatMap);
