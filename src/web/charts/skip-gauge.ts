import { css, html, LitElement } from "lit";
import { define } from "../define.ts";
import { percent } from "../state/format.ts";
import { shared } from "../theme.ts";

/** From here on a cell is mostly wires: what the literature calls collapse. */
const COLLAPSED = 0.5;

/** How much of the chosen cells is skip connections. */
export class SnSkipGauge extends LitElement {
  static override properties = { share: { type: Number } };
  declare share: number;

  constructor() {
    super();
    this.share = 0;
  }

  static override styles = [
    shared,
    css`
      meter {
        width: 100%;
        height: 0.6rem;
        display: block;
      }
      meter::-webkit-meter-bar {
        background: var(--sn-line);
        border: 0;
        border-radius: 99px;
        height: 0.6rem;
      }
      meter::-webkit-meter-optimum-value {
        background: var(--sn-accent);
        border-radius: 99px;
      }
      meter::-webkit-meter-suboptimum-value {
        background: var(--sn-second);
        border-radius: 99px;
      }
      .head {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
      }
    `,
  ];

  protected override render() {
    const said = this.share >= COLLAPSED ? "collapsing: at least half of the edges only pass their input on" : "";
    return html`
      <div class="head small">
        <span class="muted" id="label">Skip connections</span>
        <span>${percent(this.share, 0)} of the chosen edges</span>
      </div>
      <meter min="0" max="1" low="0" high=${COLLAPSED} optimum="0.2" value=${this.share} aria-labelledby="label"></meter>
      ${said ? html`<p class="small">${said}</p>` : null}
    `;
  }
}

define("sn-skip-gauge", SnSkipGauge);
