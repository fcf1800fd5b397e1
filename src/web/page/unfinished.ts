import { css, html, LitElement, nothing } from "lit";
import type { UnfinishedRun } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { moment } from "../state/format.ts";
import { cutOffLine } from "../state/words.ts";
import { shared } from "../theme.ts";
import { panels } from "./panels.ts";

/** More are found among the kept runs. */
const SHOWN = 3;

/** Runs that were cut off, and what can be done with them. Fires `go-on`, `begin-anew` and `discard` with a run. */
export class SnUnfinished extends LitElement {
  static override properties = { runs: { attribute: false }, refused: {}, asked: { state: true } };
  /** Newest first; one at least. */
  declare runs: readonly UnfinishedRun[];
  /** Name of the one that could not go on, or empty: it may have to begin anew. */
  declare refused: string;
  /** The run whose end waits for a yes. */
  declare private asked: string;

  constructor() {
    super();
    this.runs = [];
    this.refused = "";
    this.asked = "";
  }

  static override styles = [
    shared,
    panels,
    css`
      .panel {
        border-inline-start: 3px solid var(--sn-second);
      }
      .spread {
        align-items: center;
      }
      .what {
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override render() {
    const more = this.runs.length - SHOWN;
    return html`<section class="panel stack" aria-labelledby="unfinished">
      <h2 id="unfinished">Unfinished</h2>
      <ul class="stack">
        ${this.runs.slice(0, SHOWN).map(
          (run) => html`<li class="spread">
            <p class="what">
              ${cutOffLine(run)}<br /><span class="small muted">${run.name}, ${moment(run.modified)}</span>
            </p>
            ${this.#actions(run)}
          </li>`,
        )}
      </ul>
      ${more > 0 ? html`<p class="small muted">${more} more are among the <a href="#runs">kept runs</a>.</p>` : nothing}
    </section>`;
  }

  #actions(run: UnfinishedRun) {
    const { name } = run;
    if (name === this.asked) {
      return html`<div class="row">
        <span class="small">Delete what it has done so far?</span>
        <button @click=${() => this.#fire("discard", run)}>Delete</button>
        <button @click=${() => this.#ask("")}>Keep</button>
      </div>`;
    }
    return html`<div class="row">
      <button class="primary" aria-label=${`Continue ${name}`} @click=${() => this.#fire("go-on", run)}>Continue</button>
      ${
        name === this.refused
          ? html`<button aria-label=${`Begin anew ${name}`} @click=${() => this.#fire("begin-anew", run)}>Begin anew</button>`
          : nothing
      }
      <button aria-label=${`Discard ${name}`} @click=${() => this.#ask(name)}>Discard…</button>
    </div>`;
  }

  #ask(name: string): void {
    this.asked = name;
  }

  #fire(event: string, detail: UnfinishedRun): void {
    this.asked = "";
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

define("sn-unfinished", SnUnfinished);
