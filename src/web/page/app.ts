import { css, html, LitElement, nothing } from "lit";
import { type EngineClient, startEngine } from "../../worker/client-browser.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { parseRunHash } from "../state/run-link.ts";
import { isBusy } from "../state/run-view.ts";
import { setupOf } from "../state/setup.ts";
import { StoreController } from "../state/store.ts";
import { shared, theme } from "../theme.ts";
import { panels } from "./panels.ts";
import { Workspace } from "./workspace.ts";
import "./data-section.ts";
import "./runs-section.ts";
import "./search-section.ts";

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
    window.addEventListener("beforeunload", this.#askFirst);
    document.addEventListener("visibilitychange", this.#lookAgain);
    this.#readHash();
    void this.#workspace.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("hashchange", this.#readHash);
    window.removeEventListener("beforeunload", this.#askFirst);
    document.removeEventListener("visibilitychange", this.#lookAgain);
    this.#engine.end();
  }

  /** Leaving the page ends its run. */
  readonly #askFirst = (event: BeforeUnloadEvent) => {
    if (isBusy(this.#workspace.session.view)) event.preventDefault();
  };

  /** Another tab may have begun or ended a run meanwhile. */
  readonly #lookAgain = () => {
    if (document.visibilityState === "visible") void this.#workspace.refreshRuns();
  };

  readonly #readHash = () => {
    const { hash } = location;
    this.section = SECTIONS.find(({ id }) => hash === `#${id}`)?.id ?? "search";
    try {
      const linked = parseRunHash(hash);
      if (linked) this.#workspace.choose(setupOf(linked));
    } catch (error) {
      this.#workspace.store.dispatch({ problem: toWire(error).message });
    }
  };

  protected override render() {
    const workspace = this.#workspace;
    const { state, session } = workspace;
    const { problem } = state;
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
        ${problem ? this.#told(problem) : nothing}
        <sn-search-section
          ?hidden=${this.section !== "search"}
          .workspace=${workspace}
          .state=${state}
          .view=${session.view}
        ></sn-search-section>
        <sn-runs-section
          ?hidden=${this.section !== "runs"}
          .workspace=${workspace}
          .state=${state}
          busy=${isBusy(session.view) ? session.view.name : ""}
        ></sn-runs-section>
        <sn-data-section ?hidden=${this.section !== "data"} .workspace=${workspace} .state=${state}></sn-data-section>
      </main>
    `;
  }

  #told(problem: string) {
    return html`<div class="note bad spread">
      <p class="said" role="alert">${problem}</p>
      <button @click=${() => this.#workspace.store.dispatch({ problem: "" })}>Close</button>
    </div>`;
  }
}

define("sn-app", SnApp);
