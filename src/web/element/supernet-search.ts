import { css, html, LitElement, nothing } from "lit";
import { type EngineClient, startEngine } from "../../worker/client-browser.ts";
import type { RunRequest, UnfinishedRun, WireError } from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { RunSession } from "../state/run-session.ts";
import { idleView, isBusy, type RunAction, type RunView, reduceRun } from "../state/run-view.ts";
import { requestOf } from "../state/setup.ts";
import { PHASE_NAMES } from "../state/words.ts";
import { shared, theme } from "../theme.ts";
import type { StartOptions, SupernetSearchElement, SupernetSearchEventMap } from "./api.ts";
import { placeOf } from "./place.ts";
import type { Slot } from "./slot.ts";
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
    continues: { state: true },
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
  /** What has run last can be gone on with. */
  declare private continues: boolean;

  #engine?: EngineClient;
  #session?: RunSession;
  #slot: Slot | undefined;
  /** The session whose run is about to start. */
  #placing: RunSession | undefined;
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
    this.continues = false;
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

  async start({ anew = false }: StartOptions = {}): Promise<void> {
    if (isBusy(this.view) || !this.isConnected) return;
    this.missing = false;
    try {
      const session = this.#open();
      if (session === this.#placing) return;
      const request = await this.#place(session, anew);
      if (!request) return;
      await session.start(request);
      const unfinished = await this.#unfinished();
      this.continues = unfinished.some(({ name }) => name === session.view.name);
    } catch (error) {
      this.#refuse(toWire(error));
    }
    if (this.view.error?.code === "device") await this.#lookForWebGpu();
  }

  /** @returns what to run; undefined where the element has left the page meanwhile */
  async #place(session: RunSession, anew: boolean): Promise<RunRequest | undefined> {
    const { algo, data: dataset, preset, seed, overrides, fallback } = this;
    const asked = requestOf({ algo, dataset, full: preset === "full", seed, overrides, fallback });
    this.#placing = session;
    try {
      const { slot, request } = await placeOf(asked, { own: this.#slot, unfinished: await this.#unfinished(), anew });
      if (session === this.#session) {
        this.#slot = slot;
        return request;
      }
      slot.release();
      return undefined;
    } finally {
      if (session === this.#placing) this.#placing = undefined;
    }
  }

  async #unfinished(): Promise<readonly UnfinishedRun[]> {
    if (!this.#engine) return [];
    const { api, failed } = this.#engine;
    return Promise.race([api.unfinished(), failed]);
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
      if (!this.isConnected) this.#close();
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
          ?continues=${this.continues}
          @run=${() => this.start()}
          @anew=${() => this.start({ anew: true })}
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
    if (action.kind === "restored") this.#fire("supernet-restored", action);
    if (action.kind === "found") this.#fire("supernet-found", action.cells);
    if (action.kind === "done") this.#fire("supernet-done", action.summary);
    if (action.kind === "failed" && action.error.code !== "aborted") this.#fire("supernet-error", action.error);
  }

  #fire(name: keyof SupernetSearchEventMap, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Ends the worker and with it whatever runs; the element is as new. */
  #close(): void {
    const [engine, slot] = [this.#engine, this.#slot];
    this.#engine = undefined;
    this.#session = undefined;
    this.#slot = undefined;
    this.#unopened = idleView;
    this.continues = false;
    this.requestUpdate();
    engine?.end();
    slot?.release();
  }
}

define("supernet-search", SupernetSearch);
