import { html, LitElement } from "lit";
import { define } from "../define.ts";
import { loss, percent } from "../state/format.ts";
import type { Curve, CurvePoint } from "../state/run-view.ts";
import { shared } from "../theme.ts";
import "./chart.ts";

/** Loss and accuracy of one training run, side by side where there is room. */
export class SnCurves extends LitElement {
  static override properties = { curve: { attribute: false } };
  declare curve?: Curve;

  static override styles = shared;

  protected override render() {
    const { curve } = this;
    if (!curve) return null;
    return html`<div class="pair">
      <sn-chart heading="Loss" .epochs=${shownEpochs(curve)} .format=${loss} .series=${this.#lines(curve, "loss")}></sn-chart>
      <sn-chart
        heading="Accuracy"
        .epochs=${shownEpochs(curve)}
        .format=${wholePercent}
        .yRange=${accuracyRange([...curve.train, ...curve.val])}
        .series=${this.#lines(curve, "top1")}
      ></sn-chart>
    </div>`;
  }

  #lines(curve: Curve, key: "loss" | "top1") {
    const points = (list: readonly CurvePoint[]) => list.map((point) => ({ x: point.x, y: point[key] }));
    const held = curve.phase === "eval" ? "test" : "validation";
    return [
      { label: "training", color: "--sn-accent", points: points(curve.train) },
      { label: held, color: "--sn-second", dashed: true, points: points(curve.val) },
    ];
  }
}

/** The axis grows with a long run, by doubling: its first epochs would be a smudge at the edge. */
function shownEpochs({ epochs, train }: Curve): number {
  const now = Math.max(1, train.at(-1)?.x ?? 1);
  return Math.min(epochs, 2 ** Math.ceil(Math.log2(now)));
}

/** From nothing to the first fifth above the best, so that small accuracies are told apart, too. */
function accuracyRange(points: readonly CurvePoint[]): readonly [number, number] {
  const best = Math.max(0, ...points.map(({ top1 }) => top1));
  return [0, Math.min(1, Math.max(0.4, Math.ceil(best * 5 + 0.25) / 5))];
}

function wholePercent(share: number): string {
  return percent(share, share * 100 === Math.round(share * 100) ? 0 : 1);
}

define("sn-curves", SnCurves);
