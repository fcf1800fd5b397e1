import { html, LitElement, nothing } from "lit";
import type { RunSummary } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { viewOfSummary } from "../state/kept-run.ts";
import type { RunView } from "../state/run-view.ts";
import { shared } from "../theme.ts";
import { panels } from "./panels.ts";
import type { PageState, Workspace } from "./workspace.ts";
import "./comparison.ts";
import "./run-list.ts";
import "./run-report.ts";

/** Kept runs: their list, some of them side by side, and one of them in full. */
export class SnRunsSection extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    state: { attribute: false },
    busy: {},
  };
  declare workspace: Workspace;
  declare state: PageState;
  /** Name of the run that goes on, or empty. */
  declare busy: string;

  /** Views by summary: the same one again leaves charts alone. */
  readonly #views = new WeakMap<RunSummary, RunView>();

  constructor() {
    super();
    this.busy = "";
  }

  static override styles = [shared, panels];

  protected override render() {
    const { state, busy } = this;
    const { engine, store } = this.workspace;
    const opened = state.runs.find(({ name }) => name === state.opened);
    const compared = state.runs
      .filter(({ name }) => state.ticked.includes(name))
      .flatMap(({ summary }) => summary ?? []);
    return html`<div class="stack wide">
      <section class="panel stack">
        <h2>Kept runs</h2>
        <sn-run-list
          .runs=${state.runs}
          .unfinished=${state.unfinished}
          .ticked=${state.ticked}
          busy=${busy}
          @open-run=${(event: CustomEvent<string>) => store.dispatch({ opened: event.detail })}
          @go-on=${(event: CustomEvent<string>) => this.#goOn(event.detail)}
          @remove-run=${(event: CustomEvent<string>) => this.workspace.remove(event.detail)}
          @compare-change=${(event: CustomEvent<readonly string[]>) => store.dispatch({ ticked: event.detail })}
        ></sn-run-list>
        <p class="small muted">Runs are kept in this browser, for this address. Tick two or more to compare them.</p>
      </section>
      ${compared.length > 1 ? html`<section class="panel"><sn-comparison .runs=${compared}></sn-comparison></section>` : nothing}
      ${
        opened?.summary
          ? html`<div class="spread">
                <h2>${opened.name}</h2>
                <button @click=${() => store.dispatch({ opened: undefined })}>Close</button>
              </div>
              <sn-run-report .engine=${engine} .view=${this.#viewOf(opened.summary)} .kept=${opened}></sn-run-report>`
          : nothing
      }
    </div>`;
  }

  /** How it goes on is shown where runs are started. */
  #goOn(name: string): void {
    const run = this.state.unfinished.find((other) => other.name === name);
    if (!run) return;
    location.hash = "#search";
    void this.workspace.goOn(run);
  }

  #viewOf(summary: RunSummary): RunView {
    const view = this.#views.get(summary) ?? viewOfSummary(summary);
    this.#views.set(summary, view);
    return view;
  }
}

define("sn-runs-section", SnRunsSection);
