import { css, html, LitElement } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import type { ClassScore } from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { percent } from "../state/format.ts";
import { shared } from "../theme.ts";
import { problemNote } from "./problem-note.ts";
import "./draw-pad.ts";
import "./camera-view.ts";

type Source = "file" | "draw" | "camera";

const SOURCES: readonly { readonly source: Source; readonly label: string }[] = [
  { source: "file", label: "Image" },
  { source: "draw", label: "Draw" },
  { source: "camera", label: "Camera" },
];

/** Networks here look at small squares: more pixels than this are not worth carrying to the worker. */
const SIDE = 256;

/** Asks a finished run's network what is on an image. */
export class SnTryModel extends LitElement {
  static override properties = {
    engine: { attribute: false },
    run: {},
    source: { state: true },
    chosen: { state: true },
    scores: { state: true },
    problem: { state: true },
  };
  declare engine: EngineClient;
  declare run: string;
  declare private source: Source;
  /** An image is shown. */
  declare private chosen: boolean;
  declare private scores: readonly ClassScore[];
  declare private problem: string;

  #asking = false;

  constructor() {
    super();
    this.run = "";
    this.source = "file";
    this.chosen = false;
    this.scores = [];
    this.problem = "";
  }

  static override styles = [
    shared,
    css`
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
        gap: 1.25rem;
        align-items: start;
      }
      .row button[aria-pressed="true"] {
        background: var(--sn-tint);
        border-color: var(--sn-accent);
      }
      .zone {
        display: grid;
        place-items: center;
        gap: 0.5rem;
        padding: 1rem;
        text-align: center;
        border: 1.5px dashed var(--sn-edge);
        border-radius: var(--sn-radius);
        background: var(--sn-ground);
      }
      canvas {
        width: 9rem;
        height: 9rem;
        object-fit: contain;
      }
      li {
        display: grid;
        grid-template-columns: 7rem minmax(0, 1fr) 4rem;
        gap: 0.6rem;
        align-items: center;
        font-size: 0.8125rem;
        font-variant-numeric: tabular-nums;
      }
      li .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      li .bar {
        height: 0.6rem;
        border-radius: 99px;
        background: var(--sn-line);
        overflow: hidden;
      }
      li .bar i {
        display: block;
        height: 100%;
        width: calc(var(--share) * 100%);
        background: var(--sn-accent);
        transition: width 0.2s;
      }
      li .number {
        text-align: end;
      }
    `,
  ];

  protected override render() {
    return html`<div class="stack">
      <div class="row" role="group" aria-label="Where the image comes from">
        ${SOURCES.map(
          ({ source, label }) =>
            html`<button aria-pressed=${source === this.source} @click=${() => this.#choose(source)}>${label}</button>`,
        )}
      </div>
      <div class="pair">
        <div>${this.#input()}</div>
        <div role="status" aria-label="Class probabilities">
          ${
            this.scores.length > 0
              ? html`<ul>
                  ${this.scores.slice(0, 10).map(
                    ({ label, probability }) => html`<li>
                      <span class="name">${label}</span>
                      <span class="bar" aria-hidden="true"><i .style=${`--share: ${probability.toFixed(4)}`}></i></span>
                      <span class="number">${percent(probability)}</span>
                    </li>`,
                  )}
                </ul>`
              : html`<p class="small muted">What the network takes the image for is shown here.</p>`
          }
        </div>
      </div>
      ${problemNote(this.problem)}
    </div>`;
  }

  #input() {
    const classify = (event: CustomEvent<ImageData>) => this.#classify(event.detail);
    if (this.source === "draw") return html`<sn-draw-pad @image=${classify}></sn-draw-pad>`;
    if (this.source === "camera") return html`<sn-camera-view @image=${classify}></sn-camera-view>`;
    return html`<div class="zone" @dragover=${(event: DragEvent) => event.preventDefault()} @drop=${this.#drop}>
      <canvas ?hidden=${!this.chosen} width="1" height="1" role="img" aria-label="The image that was chosen"></canvas>
      <label class="small">Drop an image here, or choose one<input type="file" accept="image/*" @change=${this.#picked} /></label>
    </div>`;
  }

  #choose(source: Source): void {
    this.source = source;
    this.chosen = false;
    this.scores = [];
    this.problem = "";
  }

  #picked(event: Event): void {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file) void this.#open(file);
  }

  #drop(event: DragEvent): void {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void this.#open(file);
  }

  async #open(file: File): Promise<void> {
    const canvas = this.renderRoot.querySelector("canvas");
    const context = canvas?.getContext("2d", { willReadFrequently: true });
    if (!canvas || !context) return;
    try {
      const image = await createImageBitmap(file);
      const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
      canvas.width = Math.max(1, Math.round(image.width * scale));
      canvas.height = Math.max(1, Math.round(image.height * scale));
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      image.close();
      this.chosen = true;
    } catch {
      this.problem = `${file.name} is not an image that this browser can read: choose a PNG, JPEG or WebP file`;
      return;
    }
    await this.#classify(context.getImageData(0, 0, canvas.width, canvas.height));
  }

  /** One question at a time: a camera would ask faster than a small machine answers. */
  async #classify(pixels: ImageData): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.scores = await this.engine.api.classify(this.run, pixels);
      this.problem = "";
    } catch (error) {
      this.problem = toWire(error).message;
    } finally {
      this.#asking = false;
    }
  }
}

define("sn-try-model", SnTryModel);
