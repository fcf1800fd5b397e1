import { css, html, LitElement, nothing } from "lit";
import { type EngineClient, startEngine } from "../../worker/client-browser.ts";
import type { WireError } from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { RunSession } from "../state/run-session.ts";
import { idleView, isBusy, type RunAction, type RunView, reduceRun } from "../state/run-view.ts";
import { requestOf } from "../state/setup.ts";
import { PHASE_NAMES } from "../state/words.ts";
import { shared, theme } from "../theme.ts";
import type { SupernetSearchElement, SupernetSearchEventMap } from "./api.ts";
import { type Slot, takeSlot } from "./slot.ts";
import "../charts/curves.ts";
import "../parts/architecture.ts";
import "../parts/controls.ts";
import "../parts/no-webgpu.ts";
import "../parts/progress.ts";

/** See `SupernetSearchElement`. */
export class SupernetSearch extends LitElement implements SupernetSearchElement {
  static override properties = {
    algo: { reflect: true },
    // `dataset` itself is every element's map of data attributes.
    data: { attribute: "dataset", reflect: true },
    preset: { reflect: true },
    seed: { reflect: true },
    overrides: { reflect: true },
    heading: { reflect: true },
    autostart: { type: Boolean, reflect: true },
    fallback: { type: Boolean, reflect: true },
    missing: { state: true },
    offered: { state: true },
  };
  declare algo: string;
  declare data: string;
  declare preset: "toy" | "full";
  declare seed: string;
  declare overrides: string;
  declare heading: string;
  declare autostart: boolean;
  declare fallback: boolean;
  /** A run has failed because there is no WebGPU. */
  declare private missing: boolean;
  /** And the engine could do without. */
  declare private offered: boolean;

  #engine?: EngineClient;
  #session?: RunSession;
  #slot?: Promise<Slot>;
  /** What is shown while there is no session. */
  #unopened = idleView;

  constructor() {
    super();
    this.algo = "darts";
    this.data = "shapes";
    this.preset = "toy";
    this.seed = "";
    this.overrides = "";
    this.heading = "";
    this.autostart = false;
    this.fallback = false;
    this.missing = false;
    this.offered = false;
  }

  static override styles = [
    theme,
    shared,
    css`
      .frame {
        padding: 1rem;
        background: var(--sn-surface);
        border: 1px solid var(--sn-line);
        border-radius: calc(var(--sn-radius) * 1.25);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.5rem 1rem;
      }
    `,
  ];

  /** What is shown now. */
  get view(): RunView {
    return this.#session?.view ?? this.#unopened;
  }

  async start(): Promise<void> {
    if (isBusy(this.view) || !this.isConnected) return;
    this.missing = false;
    try {
      const session = this.#open();
      this.#slot ??= takeSlot("embed");
      const { name } = await this.#slot;
      // It has left the page meanwhile, and its worker was ended.
      if (session !== this.#session) return;
      const { algo, data: dataset, preset, seed, overrides, fallback } = this;
      await session.start(requestOf({ algo, dataset, full: preset === "full", seed, overrides, fallback }, name));
    } catch (error) {
      this.#refuse(toWire(error));
    }
    if (this.view.error?.code === "device") await this.#lookForWebGpu();
  }

  async pause(): Promise<void> {
    await this.#session?.pause();
  }

  async resume(): Promise<void> {
    await this.#session?.resume();
  }

  async stop(): Promise<void> {
    await this.#session?.stop();
  }

  async zip(): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#engine) throw new Error("nothing has run yet: call start() first");
    return this.#engine.api.zip(this.view.name);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.autostart && this.view.status === "idle") void this.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // Being moved on the page is leaving and coming back at once.
    queueMicrotask(() => {
      if (!this.isConnected) void this.#close();
    });
  }

  protected override render() {
    const { view } = this;
    const heading = this.heading || `${this.algo.toUpperCase()} on ${this.data}`;
    return html`<section class="frame stack" part="frame" aria-label=${heading}>
      <div class="head">
        <h3 part="heading">${heading}</h3>
        <sn-controls
          status=${view.status}
          exportparts="button, primary"
          @run=${() => this.start()}
          @pause=${() => this.pause()}
          @resume=${() => this.resume()}
          @stop=${() => this.stop()}
        ></sn-controls>
      </div>
      ${
        view.error && this.missing
          ? html`<sn-no-webgpu
              reason=${view.error.message}
              ?fallback=${this.offered}
              ?agreed=${this.fallback}
              @fallback-change=${(event: CustomEvent<boolean>) => {
                this.fallback = event.detail;
              }}
            ></sn-no-webgpu>`
          : html`<sn-progress part="progress" exportparts="status, figures" .view=${view}></sn-progress>`
      }
      <sn-architecture part="architecture" exportparts="cells, heat" .view=${view}></sn-architecture>
      ${view.curves.map(
        (curve) => html`<h3>${PHASE_NAMES[curve.phase]}</h3>
          <sn-curves part="curves" .curve=${curve}></sn-curves>`,
      )}
      ${view.curves.length === 0 ? nothing : html`<p class="small muted">Computed in this tab by supernet.</p>`}
    </section>`;
  }

  /** Devices fail for other reasons too, such as too little memory. */
  async #lookForWebGpu(): Promise<void> {
    if (!this.#engine) return;
    const { api, failed } = this.#engine;
    const backend = await Promise.race([api.adapter(), failed]).then(
      (adapter) => adapter.backend,
      (error) => (toWire(error).code === "device" ? undefined : "webgpu"),
    );
    this.missing = backend !== "webgpu";
    this.offered = backend === "tfjs";
  }

  #open(): RunSession {
    if (this.#session && this.#engine) return this.#session;
    const engine = startEngine();
    // A worker that has failed is of no more use. Its session stays to be looked at until the next start.
    engine.failed.catch(() => {
      engine.end();
      if (this.#engine === engine) this.#engine = undefined;
    });
    this.#engine = engine;
    const session = new RunSession(engine);
    session.store.subscribe((action) => {
      this.requestUpdate();
      this.#tell(action);
    });
    this.#session = session;
    return session;
  }

  /** A run that could not even be started. */
  #refuse(error: WireError): void {
    if (!this.isConnected) return;
    const action = { kind: "failed", error } as const;
    if (this.#session) {
      this.#session.store.dispatch(action);
    } else {
      this.#unopened = reduceRun(idleView, action);
      this.requestUpdate();
      this.#tell(action);
    }
  }

  #tell(action: RunAction): void {
    if (action.kind === "progress") this.#fire("supernet-progress", action);
    if (action.kind === "found") this.#fire("supernet-found", action.cells);
    if (action.kind === "done") this.#fire("supernet-done", action.summary);
    if (action.kind === "failed" && action.error.code !== "aborted") this.#fire("supernet-error", action.error);
  }

  #fire(name: keyof SupernetSearchEventMap, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Ends the worker and with it whatever runs; the element is as new. */
  async #close(): Promise<void> {
    const [engine, slot] = [this.#engine, this.#slot];
    this.#engine = undefined;
    this.#session = undefined;
    this.#slot = undefined;
    this.#unopened = idleView;
    this.requestUpdate();
    engine?.end();
    // A slot that was not to be had was told by `start`.
    (await slot?.catch(() => undefined))?.release();
  }
}

define("supernet-search", SupernetSearch);
