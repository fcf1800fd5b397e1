import { html, LitElement } from "lit";
import { define } from "../define.ts";
import { isBusy, type RunStatus } from "../state/run-view.ts";
import { shared } from "../theme.ts";

/**
 * Run (or continue, or begin anew), pause, resume and stop, as far as each makes sense. Fires `run`, `anew`, `pause`, `resume`,
 * `stop`.
 */
export class SnControls extends LitElement {
  static override properties = { status: {}, disabled: { type: Boolean }, continues: { type: Boolean } };
  declare status: RunStatus;
  /** Nothing can be started. */
  declare disabled: boolean;
  /** To run is to go on with what has run last. */
  declare continues: boolean;

  constructor() {
    super();
    this.status = "idle";
    this.disabled = false;
    this.continues = false;
  }

  static override styles = shared;

  protected override render() {
    const { status } = this;
    if (!isBusy(this))
      return this.continues
        ? html`<div class="row">${this.#run("Continue")} ${this.#anew()}</div>`
        : this.#run(status === "idle" ? "Run" : "Run again");
    const held = status === "paused";
    return html`<div class="row">
      <button
        part="button"
        ?disabled=${status === "starting" || status === "stopping"}
        @click=${() => this.#fire(held ? "resume" : "pause")}
      >
        ${held ? "Resume" : "Pause"}
      </button>
      <button part="button" ?disabled=${status === "stopping"} @click=${() => this.#fire("stop")}>
        ${status === "stopping" ? "Stopping…" : "Stop"}
      </button>
    </div>`;
  }

  #run(label: string) {
    return html`<button class="primary" part="button primary" ?disabled=${this.disabled} @click=${() => this.#fire("run")}>
      ${label}
    </button>`;
  }

  #anew() {
    return html`<button part="button" ?disabled=${this.disabled} @click=${() => this.#fire("anew")}>Begin anew</button>`;
  }

  #fire(name: string): void {
    this.dispatchEvent(new CustomEvent(name));
  }
}

define("sn-controls", SnControls);
