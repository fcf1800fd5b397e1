import { css, html, LitElement, nothing } from "lit";
import type { UnfinishedRun } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { isBusy, type RunView } from "../state/run-view.ts";
import type { Setup } from "../state/setup.ts";
import { shared } from "../theme.ts";
import { panels } from "./panels.ts";
import type { PageState, Workspace } from "./workspace.ts";
import "../parts/controls.ts";
import "../parts/no-webgpu.ts";
import "../parts/progress.ts";
import "./adapter-panel.ts";
import "./run-report.ts";
import "./setup-form.ts";
import "./unfinished.ts";

/** What to run, on what, and how it goes. */
export class SnSearchSection extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    state: { attribute: false },
    view: { attribute: false },
  };
  declare workspace: Workspace;
  declare state: PageState;
  /** The run that goes on, or has last ended. */
  declare view: RunView;

  static override styles = [
    shared,
    panels,
    css`
      .columns {
        display: grid;
        grid-template: "setup run" auto "adapter run" 1fr / minmax(17rem, 21rem) minmax(0, 1fr);
        gap: 1rem;
        align-items: start;
      }
      .setup {
        grid-area: setup;
      }
      .adapter {
        grid-area: adapter;
      }
      .run {
        grid-area: run;
      }
      .columns.editing {
        grid-template-columns: minmax(17rem, 34rem) minmax(0, 1fr);
      }
      @media (max-width: 900px) {
        .columns,
        .columns.editing {
          grid-template: "setup" "run" "adapter" / minmax(0, 1fr);
        }
      }
      sn-unfinished {
        margin-block-end: 1rem;
      }
      .intro {
        max-width: 42rem;
      }
    `,
  ];

  protected override render() {
    const { state, view } = this;
    const { session, engine } = this.workspace;
    const busy = isBusy(view);
    const noAdapter = state.adapterError !== undefined;
    const tfjs = state.adapter?.backend === "tfjs";
    return html`${this.#unfinished()}<div class=${state.setup.confText === undefined ? "columns" : "columns editing"}>
      <div class="setup stack wide">
        ${
          noAdapter || tfjs
            ? html`<sn-no-webgpu .reason=${state.adapterError?.message ?? ""} 
              ?fallback=${tfjs}
              ?agreed=${state.setup.fallback === true}
              @fallback-change=${(event: CustomEvent<boolean>) =>
                this.workspace.choose({ ...state.setup, fallback: event.detail })}
            ></sn-no-webgpu>`
            : nothing
        }
        <section class="panel stack" aria-labelledby="setup">
          <h2 id="setup">Run</h2>
          <sn-setup-form
            .engine=${engine}
            .setup=${state.setup}
            .algorithms=${state.algorithms}
            .datasets=${state.datasets}
            ?disabled=${busy}
            @setup-change=${(event: CustomEvent<Setup>) => this.workspace.choose(event.detail)}
          ></sn-setup-form>
          <sn-controls
            status=${view.status}
            ?disabled=${!this.workspace.canRun}
            @run=${() => this.workspace.run()}
            @pause=${() => session.pause()}
            @resume=${() => session.resume()}
            @stop=${() => session.stop()}
          ></sn-controls>
        </section>
      </div>
      ${
        noAdapter
          ? nothing
          : html`<section class="adapter panel stack" aria-labelledby="adapter">
                <h2 id="adapter">Adapter</h2>
                <sn-adapter-panel
                  .adapter=${state.adapter}
                  .forecast=${state.forecast}
                  problem=${state.forecastProblem}
                ></sn-adapter-panel>
              </section>`
      }
      <div class="run stack wide">
        ${view.status === "idle" ? intro : this.#current()}
      </div>
    </div>`;
  }

  #unfinished() {
    const { state, view, workspace } = this;
    if (isBusy(view) || state.unfinished.length === 0) return nothing;
    return html`<sn-unfinished
      .runs=${state.unfinished}
      refused=${view.status === "failed" ? view.name : ""}
      @go-on=${(event: CustomEvent<UnfinishedRun>) => workspace.goOn(event.detail)}
      @begin-anew=${(event: CustomEvent<UnfinishedRun>) => workspace.goOn(event.detail, "fresh")}
      @discard=${(event: CustomEvent<UnfinishedRun>) => workspace.remove(event.detail.name)}
    ></sn-unfinished>`;
  }

  #current() {
    const { state, view } = this;
    const { engine } = this.workspace;
    const kept = isBusy(view) ? undefined : state.runs.find(({ name }) => name === view.name);
    return html`<section class="panel stack" aria-label="Progress">
        <h2>${view.name || "Starting"}</h2>
        <sn-progress .view=${view}></sn-progress>
      </section>
      <sn-run-report .engine=${engine} .view=${view} .kept=${kept}></sn-run-report>`;
  }
}

const intro = html`<section class="panel stack intro">
  <h2>Search for a network, here in this tab</h2>
  <p>
    Press Run. A network that holds all candidates on every edge, the supernet, is trained on your graphics card; the
    mixture on each edge shifts towards the candidates that help. What remains is the architecture, which is then trained
    from scratch and tested.
  </p>
  <p class="muted">
    With toy settings on drawn shapes this takes about a minute on a small GPU. Nothing leaves your machine; results stay
    in this browser until you delete them.
  </p>
</section>`;

define("sn-search-section", SnSearchSection);
