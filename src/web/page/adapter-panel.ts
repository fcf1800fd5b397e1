import { css, html, LitElement, nothing } from "lit";
import type { AdapterReport, ForecastReport } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { bytes, grouped } from "../state/format.ts";
import { PHASE_NAMES } from "../state/words.ts";
import { shared } from "../theme.ts";

/** Limits that decide what fits and how fast it runs; all others are in the list below them. */
const TELLING = ["maxBufferSize", "maxStorageBufferBindingSize", "maxComputeInvocationsPerWorkgroup"];

/** What computes, and whether the chosen run fits in it. */
export class SnAdapterPanel extends LitElement {
  static override properties = {
    adapter: { attribute: false },
    forecast: { attribute: false },
    problem: {},
  };
  declare adapter?: AdapterReport;
  declare forecast: readonly ForecastReport[];
  /** Why there is no forecast. */
  declare problem: string;

  constructor() {
    super();
    this.forecast = [];
    this.problem = "";
  }

  static override styles = [
    shared,
    css`
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.15rem 0.75rem;
        font-size: 0.8125rem;
      }
      dt {
        color: var(--sn-muted);
      }
      dd {
        text-align: end;
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .bar {
        display: flex;
        height: 6px;
        border-radius: 99px;
        overflow: hidden;
        background: var(--sn-line);
      }
      .bar i {
        width: calc(var(--share) * 100%);
        background: var(--sn-accent);
      }
      summary {
        cursor: pointer;
        font-size: 0.8125rem;
      }
    `,
  ];

  protected override render() {
    const { adapter } = this;
    if (!adapter) return html`<p class="small muted">Looking for an adapter…</p>`;
    const kind = adapter.kind === "gpu" ? "GPU" : "computes on the CPU";
    return html`<div class="stack">
      <div>
        <p>${adapter.name || "Adapter without a name"}</p>
        <p class="small muted">${adapter.backend === "tfjs" ? "TensorFlow.js on WebGL" : "WebGPU"}, ${kind}</p>
      </div>
      ${this.forecast.map((report) => this.#memory(report, adapter))}
      ${this.problem ? html`<p class="note bad">${this.problem}</p>` : nothing}
      <details>
        <summary>Features and limits</summary>
        <p class="small muted">${adapter.features.join(", ") || "no optional features"}</p>
        <dl>
          ${Object.entries(adapter.limits)
            .sort(([a], [b]) => Number(TELLING.includes(b)) - Number(TELLING.includes(a)) || a.localeCompare(b))
            .map(
              ([name, value]) =>
                html`<dt>${words(name)}</dt><dd>${name.endsWith("Size") ? bytes(value) : grouped(value)}</dd>`,
            )}
        </dl>
      </details>
    </div>`;
  }

  /** The parts of a forecast as a bar, and against the largest buffer that the device makes. */
  #memory({ phase, bytes: total, batch, chunks, roles }: ForecastReport, { limits }: AdapterReport) {
    const parts = Object.entries(roles).sort(([, a], [, b]) => b - a);
    const largest = limits.maxBufferSize;
    return html`<div>
      <p class="small">
        <span class="muted">${PHASE_NAMES[phase]} needs</span> ${bytes(total)}
        <span class="muted">for batches of ${batch}${chunks > 1 ? ` in ${chunks} parts` : ""}</span>
      </p>
      ${
        largest
          ? html`<div
              class="bar"
              role="img"
              aria-label=${`${bytes(total)}; a buffer may have up to ${bytes(largest)}`}
            >
              <i .style=${`--share: ${Math.min(1, total / largest).toFixed(4)}`}></i>
            </div>`
          : nothing
      }
      <p class="small muted">
        ${parts
          .slice(0, 3)
          .map(([role, size]) => `${role} ${bytes(size)}`)
          .join(", ")}${largest ? `; a buffer may have up to ${bytes(largest)}` : ""}
      </p>
    </div>`;
  }
}

/** `max buffer size` for maxBufferSize. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

define("sn-adapter-panel", SnAdapterPanel);
