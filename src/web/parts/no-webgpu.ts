import { css, html, LitElement, nothing } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";

/**
 * Says that there is no WebGPU, who has it, and what is left. Fires `fallback-change` with true or false as detail when
 * computing without it is agreed to or no longer.
 */
export class SnNoWebgpu extends LitElement {
  static override properties = { reason: {}, fallback: { type: Boolean }, agreed: { type: Boolean } };
  /** What the engine said. */
  declare reason: string;
  /** The engine can run without it, on WebGL. */
  declare fallback: boolean;
  /** And shall. */
  declare agreed: boolean;

  constructor() {
    super();
    this.reason = "";
    this.fallback = false;
    this.agreed = false;
  }

  static override styles = [
    shared,
    css`
      label {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      input {
        flex: none;
      }
    `,
  ];

  protected override render() {
    return html`<div class="note stack" role=${this.fallback ? "note" : "alert"}>
      <p>
        <strong>This browser offers no WebGPU here.</strong>
        ${
          this.fallback
            ? "Runs can be computed by TensorFlow.js on WebGL instead. That works, but takes many times as long: start with toy settings."
            : "Without it nothing can be searched or trained. Kept runs can still be looked at."
        }
      </p>
      ${
        this.fallback
          ? html`<label>
              <input type="checkbox" .checked=${this.agreed} @change=${this.#agree} />
              Compute on WebGL, slowly
            </label>`
          : nothing
      }
      <p class="small">
        It is in Chrome, Edge and Opera 113 or later (Windows, macOS, ChromeOS, Android), in Safari 26 or later, and in Firefox
        141 or later on Windows. Chrome on Linux may need <span class="mono">chrome://flags/#enable-unsafe-webgpu</span> and a
        current graphics driver; pages need https or localhost.
      </p>
      ${this.reason ? html`<p class="small muted">${this.reason}</p>` : nothing}
    </div>`;
  }

  #agree(event: Event): void {
    const detail = (event.target as HTMLInputElement).checked;
    this.dispatchEvent(new CustomEvent("fallback-change", { detail }));
  }
}

define("sn-no-webgpu", SnNoWebgpu);
