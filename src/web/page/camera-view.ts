import { css, html, LitElement } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";
import { problemNote } from "./problem-note.ts";

const SIDE = 128;
const INTERVAL_MS = 700;

/** The camera, the middle square of it told again and again as `image` with the `ImageData`. Off until asked for. */
export class SnCameraView extends LitElement {
  static override properties = { on: { state: true }, problem: { state: true } };
  declare private on: boolean;
  declare private problem: string;

  #stream?: MediaStream;
  #timer = 0;

  constructor() {
    super();
    this.on = false;
    this.problem = "";
  }

  static override styles = [
    shared,
    css`
      video {
        width: 12rem;
        aspect-ratio: 1;
        max-width: 100%;
        object-fit: cover;
        border-radius: var(--sn-radius);
        background: #000;
      }
    `,
  ];

  protected override render() {
    return html`<div class="stack">
      <video ?hidden=${!this.on} muted playsinline aria-label="What the camera sees"></video>
      <div class="row">
        <button @click=${() => (this.on ? this.#stop() : this.#start())}>${this.on ? "Switch off" : "Switch the camera on"}</button>
      </div>
      ${problemNote(this.problem)}
    </div>`;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  async #start(): Promise<void> {
    this.problem = "";
    try {
      if (!navigator.mediaDevices) throw new Error("it needs a page that was opened over https");
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 320 } });
    } catch (error) {
      this.problem = `the camera cannot be used: ${error instanceof Error ? error.message : error}. Allow it for this page`;
      return;
    }
    const video = this.renderRoot.querySelector("video");
    // Taken off the page while the browser asked for permission?
    if (!video || !this.isConnected) return this.#stop();
    video.srcObject = this.#stream;
    this.on = true;
    await video.play();
    this.#timer = window.setInterval(() => this.#look(video), INTERVAL_MS);
  }

  #look(video: HTMLVideoElement): void {
    const side = Math.min(video.videoWidth, video.videoHeight);
    const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d");
    if (side === 0 || !context) return;
    const [x, y] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
    context.drawImage(video, x, y, side, side, 0, 0, SIDE, SIDE);
    this.dispatchEvent(new CustomEvent("image", { detail: context.getImageData(0, 0, SIDE, SIDE) }));
  }

  #stop(): void {
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.on = false;
  }
}

define("sn-camera-view", SnCameraView);
