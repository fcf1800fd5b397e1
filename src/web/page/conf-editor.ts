import type { EditorView } from "@codemirror/view";
import { css, html, LitElement, type PropertyValues } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import type { ConfKey } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { shared } from "../theme.ts";

/** A conf in an editor that is loaded when it is needed. Fires `conf-change` with the text as detail. */
export class SnConfEditor extends LitElement {
  static override properties = { engine: { attribute: false }, value: { attribute: false } };
  declare engine: EngineClient;
  declare value: string;

  #view?: EditorView;
  #keys?: Promise<readonly ConfKey[]>;

  constructor() {
    super();
    this.value = "";
  }

  static override styles = [
    shared,
    css`
      .editor {
        min-height: 24rem;
        border: 1px solid var(--sn-edge);
        border-radius: calc(var(--sn-radius) * 0.75);
        overflow: hidden;
      }
    `,
  ];

  protected override render() {
    return html`<div class="editor"></div>
      <p class="small muted">Ctrl-Space completes keys and values; Ctrl-Shift-M lists what is wrong.</p>`;
  }

  protected override async firstUpdated(): Promise<void> {
    const { createEditor } = await import("./codemirror.ts");
    const parent = this.renderRoot.querySelector<HTMLElement>(".editor");
    if (!parent || !this.isConnected) return;
    this.#view = createEditor({
      parent,
      root: this.renderRoot as ShadowRoot,
      text: this.value,
      onChange: (text) => {
        this.value = text;
        this.dispatchEvent(new CustomEvent("conf-change", { detail: text }));
      },
      check: (text) => this.engine.api.check(text),
      keys: () => {
        this.#keys ??= this.engine.api.confKeys();
        return this.#keys;
      },
    });
  }

  protected override updated(changed: PropertyValues): void {
    const view = this.#view;
    if (!view || !changed.has("value") || view.state.doc.toString() === this.value) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: this.value } });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#view?.destroy();
    this.#view = undefined;
  }
}

define("sn-conf-editor", SnConfEditor);
