import { css, html, LitElement } from "lit";
import { define } from "../define.ts";
import { shared } from "../theme.ts";
import type { Plot } from "./plot.ts";
import { alignSeries, type Series, showsPoints } from "./series.ts";

const HEIGHT = 190;

/** Lines over epochs, with a legend that tells their last values. The plotting library is loaded when it is needed. */
export class SnChart extends LitElement {
  static override properties = {
    heading: {},
    series: { attribute: false },
    epochs: { type: Number },
    format: { attribute: false },
    yRange: { attribute: false },
  };
  declare heading: string;
  declare series: readonly Series[];
  /** Length of the x axis. */
  declare epochs: number;
  declare format: (y: number) => string;
  declare yRange?: readonly [number, number];

  #plot?: Plot;
  #shape = "";
  #library?: typeof import("./plot.ts");
  readonly #resize = new ResizeObserver(() => this.#draw());
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    super();
    this.heading = "";
    this.series = [];
    this.epochs = 1;
    this.format = String;
  }

  static override styles = [
    shared,
    css`
      .plot {
        height: ${HEIGHT}px;
        overflow: hidden;
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0 1rem;
        font-size: 0.8125rem;
      }
      li {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        font-variant-numeric: tabular-nums;
      }
      .key {
        width: 1.1rem;
        border-top: 2px solid currentColor;
      }
      .key.dashed {
        border-top-style: dashed;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0.1rem 1rem;
      }
    `,
  ];

  protected override render() {
    return html`
      <div class="head">
        <h4>${this.heading}</h4>
        <ul aria-label=${`${this.heading}: last values`}>
          ${this.series.map(({ label, color, dashed, points }) => {
            const last = points.at(-1);
            return html`<li>
              <span class=${dashed ? "key dashed" : "key"} .style=${`color: var(${color})`}></span>
              <span class="muted">${label}</span> <span>${last ? this.format(last.y) : "–"}</span>
            </li>`;
          })}
        </ul>
      </div>
      <div class="plot" role="img" aria-label=${this.#description()}></div>
    `;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#dark.addEventListener("change", this.#recolor);
    if (this.hasUpdated) this.#draw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#dark.removeEventListener("change", this.#recolor);
    this.#clear();
  }

  protected override async firstUpdated(): Promise<void> {
    this.#library = await import("./plot.ts");
    this.renderRoot instanceof ShadowRoot && this.renderRoot.adoptedStyleSheets.push(this.#library.plotStyles);
    this.#draw();
  }

  protected override updated(): void {
    this.#draw();
  }

  #description(): string {
    const lines = this.series.map(({ label, points }) => {
      const [first, last] = [points[0], points.at(-1)];
      return first && last
        ? `${label} from ${this.format(first.y)} to ${this.format(last.y)}`
        : `${label}: nothing yet`;
    });
    return `${this.heading} over ${this.epochs} epochs. ${lines.join("; ")}`;
  }

  #draw(): void {
    const parent = this.renderRoot?.querySelector<HTMLElement>(".plot");
    const library = this.#library;
    if (!library || !parent || !this.isConnected || parent.clientWidth === 0) return;
    const shape = JSON.stringify([
      this.series.map(({ label, color }) => [label, color]),
      // What a plot cannot be told later: it is then made anew.
      this.series.map(showsPoints),
      this.epochs,
      this.yRange,
    ]);
    const columns = alignSeries(this.series);
    if (this.#plot && shape === this.#shape) {
      if (this.#plot.width !== parent.clientWidth) this.#plot.setSize({ width: parent.clientWidth, height: HEIGHT });
      this.#plot.setData(columns);
      return;
    }
    this.#clear();
    this.#shape = shape;
    this.#plot = library.createPlot(parent, {
      width: parent.clientWidth,
      height: HEIGHT,
      series: this.series,
      columns,
      xRange: [0, Math.max(this.epochs, 1)],
      yRange: this.yRange,
      format: this.format,
      color: (property) => this.#resolve(property),
      font: `11px ${getComputedStyle(this).fontFamily}`,
    });
  }

  /** A canvas wants colours, not custom properties that depend on the scheme. */
  #resolve(property: string): string {
    const probe = document.createElement("span");
    probe.style.color = `var(${property})`;
    this.renderRoot.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  readonly #recolor = () => {
    this.#clear();
    this.#draw();
  };

  #clear(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }
}

define("sn-chart", SnChart);
