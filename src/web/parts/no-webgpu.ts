import { html, LitElement } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";

/** Says that there is no WebGPU, who has it, and what is left. */
export class SnNoWebgpu extends LitElement {
  static override properties = { reason: {}, fallback: { type: Boolean } };
  /** What the engine said. */
  declare reason: string;
  /** The engine can run without it, on WebGL. */
  declare fallback: boolean;

  constructor() {
    super();
    this.reason = "";
    this.fallback = false;
  }

  static override styles = shared;

  protected override render() {
    return html`<div class="note stack" role=${this.fallback ? "note" : "alert"}>
      <p>
        <strong>This browser offers no WebGPU here.</strong>
        ${
          this.fallback
            ? "Runs are computed by TensorFlow.js on WebGL instead. That works, but takes many times as long: start with toy settings."
            : "Without it nothing can be searched or trained. Kept runs can still be looked at."
        }
      </p>
      <p class="small">
        It is in Chrome, Edge and Opera 113 or later (Windows, macOS, ChromeOS, Android), in Safari 26 or later, and in Firefox
        141 or later on Windows. Chrome on Linux may need <span class="mono">chrome://flags/#enable-unsafe-webgpu</span> and a
        current graphics driver; pages need https or localhost.
      </p>
      ${this.reason ? html`<p class="small muted">${this.reason}</p>` : null}
    </div>`;
  }
}

define("sn-no-webgpu", SnNoWebgpu);
