import * as Comlink from "comlink";
import { css, html, LitElement, nothing } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { droppedFiles, type NamedFile, pickedFiles, suggestName, unreadableNote } from "../state/dropped-files.ts";
import { grouped } from "../state/format.ts";
import { shared } from "../theme.ts";
import { problemNote } from "./problem-note.ts";

/** Takes a person's images. Fires `imported` with the `DatasetReport` as detail. */
export class SnImportForm extends LitElement {
  static override properties = {
    engine: { attribute: false },
    files: { state: true },
    name: { state: true },
    size: { state: true },
    testShare: { state: true },
    done: { state: true },
    problem: { state: true },
    over: { type: Boolean, reflect: true },
  };
  declare engine: EngineClient;
  declare private files: readonly NamedFile[];
  declare private name: string;
  declare private size: number;
  declare private testShare: number;
  declare private done?: { readonly count: number; readonly total: number };
  declare private problem: string;
  /** Something is held above the zone. */
  declare over: boolean;

  constructor() {
    super();
    this.files = [];
    this.name = "";
    this.size = 32;
    this.testShare = 0.2;
    this.problem = "";
    this.over = false;
  }

  static override styles = [
    shared,
    css`
      .zone {
        display: grid;
        place-items: center;
        gap: 0.6rem;
        padding: 1.75rem 1rem;
        text-align: center;
        border: 1.5px dashed var(--sn-edge);
        border-radius: var(--sn-radius);
        background: var(--sn-ground);
      }
      :host([over]) .zone {
        border-color: var(--sn-accent);
        background: var(--sn-tint);
      }
      .zone .row {
        justify-content: center;
      }
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
        gap: 0.6rem 0.75rem;
      }
      label {
        font-size: 0.8125rem;
        color: var(--sn-muted);
      }
      label > :is(input, select) {
        margin-block-start: 0.15rem;
      }
      progress {
        width: 100%;
        accent-color: var(--sn-accent);
      }
    `,
  ];

  protected override render() {
    return html`<div class="stack">
      <div class="zone" @dragover=${this.#dragOver} @dragleave=${this.#dragLeave} @drop=${this.#drop}>
        <p>Drop a folder with one folder of images per class, a zip of such folders, or CIFAR-10 binary files.</p>
        <div class="row">
          <button ?disabled=${this.done !== undefined} @click=${() => this.#pick("folder")}>Choose a folder</button>
          <button ?disabled=${this.done !== undefined} @click=${() => this.#pick("files")}>Choose files</button>
        </div>
        <p class="small muted">Images stay in this browser. Nothing is uploaded.</p>
        <input hidden id="folder" type="file" webkitdirectory multiple aria-label="Folder of images" @change=${this.#picked} />
        <input hidden id="files" type="file" multiple aria-label="Images or archives" @change=${this.#picked} />
      </div>
      ${this.files.length > 0 ? this.#options() : nothing}
      ${problemNote(this.problem)}
      <p class="sr" role="status">
        ${this.files.length > 0 ? `${grouped(this.files.length)} files chosen` : nothing}
      </p>
    </div>`;
  }

  #options() {
    const { done } = this;
    const count = `${grouped(this.files.length)} ${this.files.length === 1 ? "file" : "files"}`;
    if (done) {
      return html`<p class="small">${count}: ${grouped(done.count)} of ${done.total ? grouped(done.total) : "?"} read</p>
        <progress max=${done.total || 1} .value=${done.count} aria-label="Images read"></progress>`;
    }
    return html`<div class="grid">
        <label>Name<input .value=${this.name} pattern="[a-z0-9_\\-]+" @input=${this.#rename} /></label>
        <label
          >Side of the images
          <select @change=${(event: Event) => this.#resize(Number((event.target as HTMLSelectElement).value))}>
            ${[16, 32, 48, 64].map((size) => html`<option value=${size} ?selected=${size === this.size}>${size} pixels</option>`)}
          </select>
        </label>
        <label
          >Share for testing: ${Math.round(100 * this.testShare)} %
          <input type="range" min="0.05" max="0.5" step="0.05" .value=${String(this.testShare)} @input=${this.#share} />
        </label>
      </div>
      <div class="row">
        <button class="primary" @click=${this.#import}>Import ${count}</button>
        <button @click=${() => this.#take([])}>Cancel</button>
      </div>`;
  }

  #pick(id: string): void {
    this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.click();
  }

  #picked(event: Event): void {
    const input = event.target as HTMLInputElement;
    this.#take(pickedFiles(input.files));
    // The same folder may be chosen again after it was mended.
    input.value = "";
  }

  #dragOver(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  #dragLeave(): void {
    this.over = false;
  }

  async #drop(event: DragEvent): Promise<void> {
    event.preventDefault();
    this.over = false;
    if (!event.dataTransfer || this.done) return;
    try {
      const { files, unreadable } = await droppedFiles(event.dataTransfer);
      this.#take(files);
      this.problem = unreadableNote(unreadable);
    } catch (error) {
      this.problem = toWire(error).message;
    }
  }

  #take(files: readonly NamedFile[]): void {
    this.files = files;
    this.name = suggestName(files);
    this.problem = "";
  }

  #rename(event: Event): void {
    this.name = (event.target as HTMLInputElement).value;
  }

  #resize(size: number): void {
    this.size = size;
  }

  #share(event: Event): void {
    this.testShare = Number((event.target as HTMLInputElement).value);
  }

  async #import(): Promise<void> {
    const { name, files, size, testShare } = this;
    this.problem = "";
    this.done = { count: 0, total: 0 };
    try {
      const progress = Comlink.proxy((count: number, total: number) => {
        this.done = { count, total };
      });
      const report = await this.engine.api.importDataset({ name, files, size, testShare }, progress);
      this.files = [];
      this.dispatchEvent(new CustomEvent("imported", { detail: report }));
    } catch (error) {
      this.problem = toWire(error).message;
    } finally {
      this.done = undefined;
    }
  }
}

define("sn-import-form", SnImportForm);
