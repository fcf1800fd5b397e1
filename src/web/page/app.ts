import { css, html, LitElement, nothing } from "lit";
import { type EngineClient, startEngine } from "../../worker/client-browser.ts";
import type { DatasetReport } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { viewOfSummary } from "../state/kept-run.ts";
import { parseRunHash } from "../state/run-link.ts";
import { wireError } from "../state/run-session.ts";
import { isBusy } from "../state/run-view.ts";
import { type Setup, setupOf } from "../state/setup.ts";
import { StoreController } from "../state/store.ts";
import { shared, theme } from "../theme.ts";
import { panels } from "./panels.ts";
import { Workspace } from "./workspace.ts";
import "../parts/controls.ts";
import "../parts/progress.ts";
import "./adapter-panel.ts";
import "./comparison.ts";
import "./contact-sheet.ts";
import "./import-form.ts";
import "../parts/no-webgpu.ts";
import "./run-list.ts";
import "./run-report.ts";
import "./setup-form.ts";

const SECTIONS = [
  { id: "search", label: "Search" },
  { id: "runs", label: "Runs" },
  { id: "data", label: "Data" },
] as const;

type Section = (typeof SECTIONS)[number]["id"];

/** The whole page: one engine, and what can be done with it in three sections. */
export class SnApp extends LitElement {
  static override properties = { section: { state: true } };
  declare private section: Section;

  readonly #engine: EngineClient;
  readonly #workspace: Workspace;

  constructor() {
    super();
    this.section = "search";
    this.#engine = startEngine();
    this.#workspace = new Workspace(this.#engine);
    new StoreController(this, this.#workspace.store);
    new StoreController(this, this.#workspace.session.store);
  }

  static override styles = [
    theme,
    shared,
    panels,
    css`
      :host {
        min-height: 100dvh;
        background: var(--sn-ground);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 2rem;
        padding: 0.6rem clamp(1rem, 3vw, 2rem);
        background: var(--sn-surface);
        border-block-end: 1px solid var(--sn-line);
      }
      header img {
        display: block;
        height: 2.25rem;
        width: auto;
      }
      h1 {
        margin: 0;
        line-height: 0;
      }
      nav {
        display: flex;
        gap: 0.25rem;
      }
      nav a {
        padding: 0.4rem 0.75rem;
        border-radius: calc(var(--sn-radius) * 0.75);
        color: var(--sn-muted);
        text-decoration: none;
        font-weight: 500;
      }
      nav a:hover {
        background: var(--sn-tint);
      }
      nav a[aria-current] {
        color: var(--sn-ink);
        background: var(--sn-tint);
      }
      main {
        max-width: 84rem;
        margin-inline: auto;
        padding: 1rem clamp(0.75rem, 3vw, 2rem) 3rem;
      }
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
      .intro {
        max-width: 42rem;
      }
      .spread {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0.5rem 1rem;
      }
      .demos {
        margin-inline-start: auto;
        font-size: 0.875rem;
        display: flex;
        gap: 1rem;
      }
      @media (max-width: 700px) {
        .demos {
          margin-inline-start: 0;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", this.#readHash);
    this.#readHash();
    void this.#workspace.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("hashchange", this.#readHash);
    this.#engine.end();
  }

  readonly #readHash = () => {
    const { hash } = location;
    this.section = SECTIONS.find(({ id }) => hash === `#${id}`)?.id ?? "search";
    try {
      const linked = parseRunHash(hash);
      if (linked) this.#workspace.choose(setupOf(linked));
    } catch (error) {
      this.#workspace.store.dispatch({ problem: wireError(error).message });
    }
  };

  protected override render() {
    const { problem } = this.#workspace.state;
    return html`
      <header>
        <h1><img src="./logo.svg" alt="supernet" width="135" height="36" /></h1>
        <nav aria-label="Sections">
          ${SECTIONS.map(
            ({ id, label }) =>
              html`<a href=${`#${id}`} aria-current=${id === this.section ? "page" : nothing}>${label}</a>`,
          )}
        </nav>
        <div class="demos"><a href="./article.html">How it works</a> <a href="./embed.html">Embed it</a></div>
      </header>
      <main class="stack wide">
        ${problem ? html`<p class="note bad" role="alert">${problem}</p>` : nothing}
        <div ?hidden=${this.section !== "search"}>${this.#search()}</div>
        <div ?hidden=${this.section !== "runs"}>${this.#runs()}</div>
        <div ?hidden=${this.section !== "data"}>${this.#data()}</div>
      </main>
    `;
  }

  #search() {
    const { session, state, engine } = this.#workspace;
    const { view } = session;
    const busy = isBusy(view);
    const noAdapter = state.adapterError !== undefined;
    const tfjs = state.adapter?.backend === "tfjs";
    return html`<div class=${state.setup.confText === undefined ? "columns" : "columns editing"}>
      <div class="setup stack wide">
        ${
          noAdapter || tfjs
            ? html`<sn-no-webgpu .reason=${state.adapterError?.message ?? ""} ?fallback=${tfjs}></sn-no-webgpu>`
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
            @setup-change=${(event: CustomEvent<Setup>) => this.#workspace.choose(event.detail)}
          ></sn-setup-form>
          <sn-controls
            status=${view.status}
            ?disabled=${noAdapter}
            @run=${() => this.#workspace.run()}
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

  #current() {
    const { session, state, engine } = this.#workspace;
    const { view } = session;
    const kept = isBusy(view) ? undefined : state.runs.find(({ name }) => name === view.name);
    return html`<section class="panel stack" aria-label="Progress">
        <h2>${view.name || "Starting"}</h2>
        <sn-progress .view=${view}></sn-progress>
      </section>
      <sn-run-report .engine=${engine} .view=${view} .kept=${kept}></sn-run-report>`;
  }

  #runs() {
    const { session, state, engine, store } = this.#workspace;
    const opened = state.runs.find(({ name }) => name === state.opened);
    const compared = state.runs
      .filter(({ name }) => state.ticked.includes(name))
      .flatMap(({ summary }) => summary ?? []);
    return html`<div class="stack wide">
      <section class="panel stack">
        <h2>Kept runs</h2>
        <sn-run-list
          .runs=${state.runs}
          .ticked=${state.ticked}
          busy=${isBusy(session.view) ? session.view.name : ""}
          @open-run=${(event: CustomEvent<string>) => store.dispatch({ opened: event.detail })}
          @remove-run=${(event: CustomEvent<string>) => this.#workspace.remove(event.detail)}
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

  readonly #views = new WeakMap<object, ReturnType<typeof viewOfSummary>>();

  /** The same view for the same summary, so that charts are not drawn anew for nothing. */
  #viewOf(summary: Parameters<typeof viewOfSummary>[0]) {
    const view = this.#views.get(summary) ?? viewOfSummary(summary);
    this.#views.set(summary, view);
    return view;
  }

  #data() {
    const { state, engine, store } = this.#workspace;
    return html`<div class="stack wide">
      <section class="panel stack">
        <h2>Your images</h2>
        <sn-import-form .engine=${engine} @imported=${this.#imported}></sn-import-form>
      </section>
      ${state.imported.map(
        (report) => html`<section class="panel stack">
          <div class="spread">
            <h2>${report.name}</h2>
            <div class="row">
              <button
                @click=${() => {
                  this.#workspace.choose({ ...store.state.setup, dataset: report.name });
                  location.hash = "#search";
                }}
              >
                Search with it
              </button>
              <button @click=${() => this.#workspace.removeDataset(report.name)}>Delete</button>
            </div>
          </div>
          <sn-contact-sheet .report=${report}></sn-contact-sheet>
        </section>`,
      )}
    </div>`;
  }

  async #imported(event: CustomEvent<DatasetReport>): Promise<void> {
    await this.#workspace.refreshDatasets();
    this.#workspace.choose({ ...this.#workspace.state.setup, dataset: event.detail.name });
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

define("sn-app", SnApp);
