import { css, html, LitElement, nothing } from "lit";
import { define } from "../define.ts";
import { bytes, duration, grouped, loss, percent } from "../state/format.ts";
import { currentCurve, isBusy, type RunView, secondsLeft } from "../state/run-view.ts";
import { announcement, statusLine } from "../state/words.ts";
import { shared } from "../theme.ts";

/** Where a run is and how fast it goes. Its line of status is told to screen readers, sparingly. */
export class SnProgress extends LitElement {
  static override properties = { view: { attribute: false } };
  declare view?: RunView;

  static override styles = [
    shared,
    css`
      progress {
        display: block;
        width: 100%;
        height: 6px;
        border: 0;
        border-radius: 99px;
        background: var(--sn-line);
        overflow: hidden;
        appearance: none;
      }
      progress::-webkit-progress-bar {
        background: var(--sn-line);
      }
      progress::-webkit-progress-value {
        background: var(--sn-accent);
      }
      progress::-moz-progress-bar {
        background: var(--sn-accent);
      }
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(6.2rem, 1fr));
        gap: 0.5rem 1rem;
      }
      dt {
        font-size: 0.75rem;
        color: var(--sn-muted);
      }
      dd {
        font-variant-numeric: tabular-nums;
        font-size: 1rem;
        white-space: nowrap;
      }
    `,
  ];

  protected override render() {
    const { view } = this;
    if (!view) return nothing;
    return html`<div class="stack">
      <p part="status">${statusLine(view)}</p>
      <p class="sr" role="status">${announcement(view)}</p>
      ${isBusy(view) ? html`${this.#bar(view)} ${this.#figures(view)}` : nothing}
      ${view.error ? problem(view.error) : nothing}
      ${view.warnings.map((message) => html`<p class="note">${message}</p>`)}
    </div>`;
  }

  #bar(view: RunView) {
    const done = currentCurve(view)?.last.done;
    return html`<progress max="1" .value=${done ?? 0} aria-label="Share of this training run that is done"></progress>`;
  }

  #figures(view: RunView) {
    const progress = view.progress;
    if (!progress) return nothing;
    const left = secondsLeft(view);
    const figures = [
      ["Loss", loss(progress.loss)],
      ["Accuracy", percent(progress.top1)],
      ["Images a second", grouped(progress.imagesPerSecond)],
      ["Learning rate", progress.lr.toPrecision(3)],
      ["GPU memory", bytes(progress.gpuBytes)],
      ["Time left", left === undefined ? "–" : duration(left)],
    ];
    return html`<dl part="figures">
      ${figures.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}
    </dl>`;
  }
}

/** An error as it is told to people; a fault of the program comes with what helps to mend it. */
function problem({ code, message, stack }: NonNullable<RunView["error"]>) {
  return html`<div class="note bad" role="alert">
    <p class="said">${message}</p>
    ${
      code === "bug" && stack
        ? html`<details>
            <summary>This is a fault of the program. Details</summary>
            <p class="mono">${stack}</p>
          </details>`
        : nothing
    }
  </div>`;
}

define("sn-progress", SnProgress);
