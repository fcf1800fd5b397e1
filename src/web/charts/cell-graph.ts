import { css, html, LitElement, nothing, type PropertyValues, svg } from "lit";
import { stateName } from "../../report/cells.ts";
import type { CellDrawing } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { cellTitle } from "../state/words.ts";
import { shared } from "../theme.ts";
import type { CellLayout, Direction, LaidOutArrow, LaidOutBox } from "./cell-layout.ts";

/** Narrower than this, a cell is drawn downwards. */
const NARROW = 430;

/** A cell as a graph: states are boxes, ops are the labels of the arrows between them. */
export class SnCellGraph extends LitElement {
  static override properties = { cell: { attribute: false }, layout: { state: true }, direction: { state: true } };
  declare cell?: CellDrawing;
  declare private layout?: CellLayout;
  declare private direction: Direction;

  readonly #resize = new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0) this.direction = entry.contentRect.width < NARROW ? "down" : "right";
  });

  constructor() {
    super();
    this.direction = "right";
  }

  static override styles = [
    shared,
    css`
      svg {
        display: block;
        width: 100%;
        height: auto;
        max-width: calc(1.2 * var(--natural));
        margin-inline: auto;
      }
      text {
        font: 500 11.5px var(--sn-font);
        fill: var(--sn-ink);
        text-anchor: middle;
        dominant-baseline: central;
      }
      rect.box {
        fill: var(--sn-surface);
        stroke: var(--sn-edge);
      }
      .node rect.box {
        fill: var(--sn-tint);
        stroke: var(--sn-accent);
      }
      .output rect.box {
        stroke-dasharray: 3 2;
      }
      rect.plate {
        fill: var(--sn-surface);
      }
      path.arrow {
        fill: none;
        stroke: var(--sn-accent);
        stroke-width: 1.5;
      }
      .pool path.arrow {
        stroke: var(--sn-third);
      }
      .skip path.arrow,
      .none path.arrow {
        stroke: var(--sn-second);
        stroke-dasharray: 5 3;
      }
      .handed path.arrow {
        stroke: var(--sn-edge);
        stroke-width: 1;
      }
      .head {
        fill: context-stroke;
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("cell") || changed.has("direction")) void this.#lay(this.cell, this.direction);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  async #lay(cell: CellDrawing | undefined, direction: Direction): Promise<void> {
    if (!cell) {
      this.layout = undefined;
      return;
    }
    const { layoutCell } = await import("./cell-layout.ts");
    // A newer cell may have come while the library was loading.
    if (cell === this.cell && direction === this.direction) this.layout = layoutCell(cell, direction);
  }

  protected override render() {
    const { cell, layout } = this;
    if (!cell || !layout) return nothing;
    const title = cellTitle(cell);
    return html`<figure class="stack">
      <figcaption><h3>${title}</h3></figcaption>
      <div class="scroll" tabindex="0" role="group" aria-label=${`${title}, drawn`}>
        <svg
          viewBox=${`0 0 ${layout.width} ${layout.height}`}
          .style=${`--natural: ${Math.round(layout.width)}px`}
          role="img"
          aria-label=${describe(cell)}
        >
          <defs>
            <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path class="head" d="M0 0.5 8 4 0 7.5z" />
            </marker>
          </defs>
          ${layout.arrows.map((arrow) => arrowSvg(arrow))} ${layout.arrows.map((arrow) => labelSvg(arrow))}
          ${layout.boxes.map((box) => boxSvg(box))}
        </svg>
      </div>
    </figure>`;
  }
}

function arrowSvg({ path, op }: LaidOutArrow) {
  return svg`<g class=${family(op)}><path class="arrow" d=${path} marker-end="url(#head)" /></g>`;
}

function labelSvg({ label, x, y, labelWidth }: LaidOutArrow) {
  if (!label) return nothing;
  return svg`<g>
    <rect class="plate" x=${x - labelWidth / 2} y=${y - 8} width=${labelWidth} height="16" rx="3" />
    <text x=${x} y=${y}>${label}</text>
  </g>`;
}

function boxSvg({ label, kind, x, y, width, height }: LaidOutBox) {
  return svg`<g class=${kind}>
    <rect class="box" x=${x - width / 2} y=${y - height / 2} width=${width} height=${height} rx="6" />
    <text x=${x} y=${y}>${label}</text>
  </g>`;
}

function family(op: string): string {
  if (op === "") return "handed";
  if (op.includes("pool")) return "pool";
  if (op === "skip_connect") return "skip";
  return op === "none" ? "none" : "conv";
}

/** The drawing in words. */
function describe({ nodes, edges }: CellDrawing): string {
  const lines = Array.from({ length: nodes }, (_, node) => {
    const terms = edges.filter((edge) => edge.node === node);
    return `node ${node} is ${terms.map(({ op, states }) => `${op} of ${states.map(stateName).join(" and ")}`).join(" plus ")}`;
  });
  return `${lines.join("; ")}; the output is all nodes side by side`;
}

define("sn-cell-graph", SnCellGraph);
