import { css, html, LitElement } from "lit";
import { define } from "../define.ts";
import { loss, percent } from "../state/format.ts";
import type { Curve, CurvePoint } from "../state/run-view.ts";
import { shared } from "../theme.ts";
import "./chart.ts";

/** Loss and accuracy of one training run, side by side where there is room. */
export class SnCurves extends LitElement {
  static override properties = { curve: { attribute: false }, held: {} };
  declare curve?: Curve;
  /** What the held-out images are called. */
  declare held: string;

  constructor() {
    super();
    this.held = "validation";
  }

  static override styles = [
    shared,
    css`
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
        gap: 1rem;
      }
    `,
  ];

  protected override render() {
    const { curve } = this;
    if (!curve) return null;
    return html`<div class="pair">
      <sn-chart heading="Loss" .epochs=${curve.epochs} .format=${loss} .series=${this.#lines(curve, "loss")}></sn-chart>
      <sn-chart
        heading="Accuracy"
        .epochs=${curve.epochs}
        .format=${wholePercent}
        .yRange=${UNIT}
        .series=${this.#lines(curve, "top1")}
      ></sn-chart>
    </div>`;
  }

  #lines(curve: Curve, key: "loss" | "top1") {
    const points = (list: readonly CurvePoint[]) => list.map((point) => ({ x: point.x, y: point[key] }));
    return [
      { label: "training", color: "--sn-accent", points: points(curve.train) },
      { label: this.held, color: "--sn-second", dashed: true, points: points(curve.val) },
    ];
  }
}

const UNIT = [0, 1] as const;

function wholePercent(share: number): string {
  return percent(share, share * 100 === Math.round(share * 100) ? 0 : 1);
}

define("sn-curves", SnCurves);
