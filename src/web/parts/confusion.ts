import { css, html, LitElement, nothing } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";

/** Counts of test images by true class (rows) and predicted class (columns). */
export class SnConfusion extends LitElement {
  static override properties = { classes: { attribute: false }, counts: { attribute: false } };
  declare classes: readonly string[];
  declare counts: readonly (readonly number[])[];

  constructor() {
    super();
    this.classes = [];
    this.counts = [];
  }

  static override styles = [
    shared,
    css`
      table {
        border-spacing: 2px;
        border-collapse: separate;
      }
      caption {
        text-align: start;
        font-size: 0.8125rem;
        color: var(--sn-muted);
        padding-block-end: 0.25rem;
      }
      th {
        color: var(--sn-muted);
        font-size: 0.75rem;
        white-space: nowrap;
        padding-inline-end: 0.4rem;
      }
      thead th {
        writing-mode: vertical-rl;
        rotate: 180deg;
        text-align: start;
        padding: 0.3rem 0;
      }
      td {
        min-width: 2.1rem;
        padding: 0.2rem;
        text-align: center;
        border-radius: 3px;
        background: color-mix(in oklab, var(--sn-heat) calc(var(--share) * 72%), var(--sn-surface));
      }
      td.right {
        box-shadow: inset 0 0 0 1.5px var(--sn-ink);
      }
    `,
  ];

  protected override render() {
    if (this.counts.length === 0) return nothing;
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Confusion matrix">
      <table>
        <caption>Test images by true class (rows) and predicted class (columns)</caption>
        <thead>
          <tr>
            <td></td>
            ${this.classes.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${this.counts.map((row, truth) => {
            const total = row.reduce((sum, count) => sum + count, 0);
            return html`<tr>
              <th scope="row">${this.classes[truth]}</th>
              ${row.map(
                (count, guess) => html`<td
                  class=${guess === truth ? "right" : ""}
                  .style=${`--share: ${total > 0 ? (count / total).toFixed(3) : 0}`}
                >${count}</td>`,
              )}
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
  }
}

define("sn-confusion", SnConfusion);
