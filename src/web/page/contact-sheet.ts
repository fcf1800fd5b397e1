import { css, html, LitElement, nothing } from "lit";
import type { DatasetReport } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { grouped } from "../state/format.ts";
import { shared } from "../theme.ts";

/** Of a list of thousands, nobody reads more. */
const SHOWN_SKIPPED = 200;

/** An imported data set: the first images of each class, how many there are, and what was left out. */
export class SnContactSheet extends LitElement {
  static override properties = { report: { attribute: false } };
  declare report?: DatasetReport;

  static override styles = [
    shared,
    css`
      ul.classes {
        display: grid;
        gap: 0.4rem;
      }
      ul.classes li {
        display: grid;
        grid-template-columns: minmax(6rem, 9rem) minmax(0, 1fr);
        gap: 0.25rem 0.75rem;
        align-items: center;
      }
      canvas {
        max-width: 100%;
        height: 40px;
        object-fit: cover;
        object-position: left;
        border-radius: 4px;
        image-rendering: pixelated;
      }
      summary {
        cursor: pointer;
        font-size: 0.875rem;
      }
      .name {
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override render() {
    const { report } = this;
    if (!report) return nothing;
    const { classes, train, test, size, channels, skipped } = report;
    const total = (counts: readonly number[]) => grouped(counts.reduce((sum, count) => sum + count, 0));
    return html`<div class="stack">
      <p class="small muted">
        ${classes.length} classes, ${total(train)} images to train with, ${total(test)} to test with, ${size}×${size} pixels,
        ${channels === 1 ? "grey" : "colour"}
      </p>
      <ul class="classes">
        ${classes.map(
          (name, label) => html`<li>
            <span><span class="name">${name}</span><br /><span class="small muted">${grouped(train[label] ?? 0)} + ${grouped(test[label] ?? 0)}</span></span>
            <canvas data-label=${label} role="img" aria-label=${`Images of ${name}`}></canvas>
          </li>`,
        )}
      </ul>
      ${
        skipped.length > 0
          ? html`<details>
              <summary>${grouped(skipped.length)} ${skipped.length === 1 ? "file was" : "files were"} left out</summary>
              <ul class="small">
                ${skipped.slice(0, SHOWN_SKIPPED).map(({ path, reason }) => html`<li><span class="mono">${path}</span>: ${reason}</li>`)}
              </ul>
            </details>`
          : nothing
      }
    </div>`;
  }

  protected override updated(): void {
    const { report } = this;
    if (!report) return;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      const label = Number(canvas.dataset.label);
      paint(
        canvas,
        report.size,
        report.samples.filter((sample) => sample.label === label),
      );
    }
  }
}

function paint(canvas: HTMLCanvasElement, size: number, samples: DatasetReport["samples"]): void {
  canvas.width = Math.max(1, samples.length * size);
  canvas.height = size;
  const context = canvas.getContext("2d");
  samples.forEach(({ pixels }, i) => {
    context?.putImageData(new ImageData(new Uint8ClampedArray(pixels), size, size), i * size, 0);
  });
}

define("sn-contact-sheet", SnContactSheet);
