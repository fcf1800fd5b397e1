import { css, html, LitElement, nothing } from "lit";
import type { StoredRun, UnfinishedRun } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { bytes, compact, grouped, moment, percent } from "../state/format.ts";
import { lastAccuracy } from "../state/kept-run.ts";
import { shared } from "../theme.ts";

/**
 * Kept runs as a table. Fires `open-run`, `go-on` and `remove-run` with a name, and `compare-change` with the names that are
 * ticked.
 */
export class SnRunList extends LitElement {
  static override properties = {
    runs: { attribute: false },
    unfinished: { attribute: false },
    busy: {},
    ticked: { attribute: false },
    asked: { state: true },
  };
  declare runs: readonly StoredRun[];
  /** Those of them that can be gone on with. */
  declare unfinished: readonly UnfinishedRun[];
  /** Name of the run that is going on, which can be neither opened nor deleted. */
  declare busy: string;
  declare ticked: readonly string[];
  /** The run whose deletion waits for a yes. */
  declare private asked: string;

  constructor() {
    super();
    this.runs = [];
    this.unfinished = [];
    this.busy = "";
    this.ticked = [];
    this.asked = "";
  }

  static override styles = [
    shared,
    css`
      table {
        width: 100%;
      }
      th,
      td {
        padding: 0.45rem 0.6rem 0.45rem 0;
        border-block-end: 1px solid var(--sn-line);
        vertical-align: middle;
      }
      thead th {
        color: var(--sn-muted);
        font-size: 0.75rem;
        white-space: nowrap;
      }
      .number {
        text-align: end;
        white-space: nowrap;
      }
      .row {
        flex-wrap: nowrap;
        justify-content: flex-end;
      }
      .row button {
        min-height: 1.9rem;
        padding-inline: 0.6rem;
        font-size: 0.8125rem;
      }
      .name {
        overflow-wrap: anywhere;
        min-width: 9rem;
      }
    `,
  ];

  protected override render() {
    if (this.runs.length === 0)
      return html`<p class="muted">No runs are kept yet. A run that you start is kept here.</p>`;
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Kept runs">
      <table>
        <thead>
          <tr>
            <th scope="col">Compare</th>
            <th scope="col">Run</th>
            <th scope="col" class="number">Test accuracy</th>
            <th scope="col" class="number">Parameters</th>
            <th scope="col" class="number">Multiply-adds</th>
            <th scope="col" class="number">Files</th>
            <th scope="col"><span class="sr">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          ${this.runs.map((run) => this.#line(run))}
        </tbody>
      </table>
    </div>`;
  }

  #line({ name, summary, files }: StoredRun) {
    const accuracy = lastAccuracy(summary?.eval?.epochs);
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    const state = name === this.busy ? "running" : "interrupted";
    return html`<tr>
      <td>
        <input
          type="checkbox"
          aria-label=${`Compare ${name}`}
          .checked=${this.ticked.includes(name)}
          ?disabled=${!summary}
          @change=${() => this.#tick(name)}
        />
      </td>
      <th scope="row" class="name">
        ${name}<br /><span class="muted small">${summary ? moment(summary.ended) : state}</span>
      </th>
      <td class="number">${accuracy === undefined ? "–" : percent(accuracy)}</td>
      <td class="number">${summary?.eval ? grouped(summary.eval.params) : "–"}</td>
      <td class="number">${summary?.eval ? compact(summary.eval.macs) : "–"}</td>
      <td class="number">${bytes(size)}</td>
      <td>${this.#actions(name, summary !== undefined)}</td>
    </tr>`;
  }

  #actions(name: string, finished: boolean) {
    if (name === this.busy) return nothing;
    if (name === this.asked) {
      return html`<div class="row">
        <span class="small">Delete its files?</span>
        <button @click=${() => this.#remove(name)}>Delete</button>
        <button @click=${() => this.#ask("")}>Keep</button>
      </div>`;
    }
    return html`<div class="row">
      ${this.#open(name, finished)}
      <button aria-label=${`Delete ${name}`} @click=${() => this.#ask(name)}>Delete…</button>
    </div>`;
  }

  #open(name: string, finished: boolean) {
    if (!this.busy && this.unfinished.some((run) => run.name === name)) {
      return html`<button aria-label=${`Continue ${name}`} @click=${() => this.#fire("go-on", name)}>Continue</button>`;
    }
    return html`<button ?disabled=${!finished} aria-label=${`Open ${name}`} @click=${() => this.#fire("open-run", name)}>
      Open
    </button>`;
  }

  #ask(name: string): void {
    this.asked = name;
  }

  #remove(name: string): void {
    this.asked = "";
    this.#fire("remove-run", name);
  }

  #tick(name: string): void {
    const { ticked } = this;
    this.#fire("compare-change", ticked.includes(name) ? ticked.filter((other) => other !== name) : [...ticked, name]);
  }

  #fire(event: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

define("sn-run-list", SnRunList);
