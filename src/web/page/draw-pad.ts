import { css, html, LitElement } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";

const SIDE = 192;
const PEN = 14;

/** A square to draw on. Fires `image` with the `ImageData` after each stroke. */
export class SnDrawPad extends LitElement {
  static override properties = { pen: { state: true }, paper: { state: true } };
  declare private pen: string;
  declare private paper: string;

  constructor() {
    super();
    this.pen = "#e8503a";
    this.paper = "#2b3140";
  }

  static override styles = [
    shared,
    css`
      canvas {
        display: block;
        width: ${SIDE}px;
        height: ${SIDE}px;
        max-width: 100%;
        border-radius: var(--sn-radius);
        border: 1px solid var(--sn-edge);
        touch-action: none;
        cursor: crosshair;
      }
      label {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        font-size: 0.8125rem;
      }
      input[type="color"] {
        width: 2.25rem;
        min-height: 1.9rem;
        padding: 0.1rem;
      }
    `,
  ];

  protected override render() {
    return html`<div class="stack">
      <canvas
        width=${SIDE}
        height=${SIDE}
        role="img"
        aria-label="Drawing; needs a pointer"
        @pointerdown=${this.#stroke}
        @pointermove=${this.#stroke}
        @pointerup=${this.#tell}
      ></canvas>
      <div class="row">
        <label>Pen <input type="color" .value=${this.pen} @input=${this.#setPen} /></label>
        <label>Paper <input type="color" .value=${this.paper} @change=${this.#setPaper} /></label>
        <button @click=${this.#clear}>Clear</button>
      </div>
    </div>`;
  }

  protected override firstUpdated(): void {
    this.#clear();
  }

  get #context(): CanvasRenderingContext2D | null | undefined {
    return this.renderRoot.querySelector("canvas")?.getContext("2d", { willReadFrequently: true });
  }

  #stroke(event: PointerEvent): void {
    const canvas = event.target as HTMLCanvasElement;
    const context = this.#context;
    if (!context || (event.type === "pointermove" && event.buttons === 0)) return;
    const scale = canvas.width / canvas.clientWidth;
    const [x, y] = [event.offsetX * scale, event.offsetY * scale];
    if (event.type === "pointerdown") {
      canvas.setPointerCapture(event.pointerId);
      context.beginPath();
      context.moveTo(x, y);
    }
    context.lineTo(x, y);
    Object.assign(context, { strokeStyle: this.pen, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    context.stroke();
  }

  #tell(): void {
    const detail = this.#context?.getImageData(0, 0, SIDE, SIDE);
    if (detail) this.dispatchEvent(new CustomEvent("image", { detail }));
  }

  #clear(): void {
    const context = this.#context;
    if (!context) return;
    context.fillStyle = this.paper;
    context.fillRect(0, 0, SIDE, SIDE);
  }

  #setPen(event: Event): void {
    this.pen = (event.target as HTMLInputElement).value;
  }

  #setPaper(event: Event): void {
    this.paper = (event.target as HTMLInputElement).value;
    this.#clear();
  }
}

define("sn-draw-pad", SnDrawPad);
