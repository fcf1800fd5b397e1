import { css, html, LitElement, nothing } from "lit";
import { skipShare } from "../../report/cells.ts";
import type { PassFigures, RunSummary } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { compact, duration, grouped, loss, percent } from "../state/format.ts";
import { lastAccuracy } from "../state/kept-run.ts";
import { shared } from "../theme.ts";
import "../charts/chart.ts";

const COLORS = ["--sn-accent", "--sn-second", "--sn-third", "--sn-fourth"];

const ROWS: readonly { readonly term: string; readonly of: (run: RunSummary) => string | undefined }[] = [
  { term: "Algorithm", of: ({ algo }) => algo },
  { term: "Data set", of: ({ dataset }) => dataset },
  { term: "Seed", of: ({ seed }) => String(seed) },
  { term: "Test accuracy", of: (run) => optional(lastAccuracy(run.eval?.epochs), percent) },
  { term: "Search validation", of: (run) => optional(lastAccuracy(run.search?.epochs), percent) },
  { term: "Parameters", of: (run) => optional(run.eval?.params, grouped) },
  { term: "Multiply-adds", of: (run) => optional(run.eval?.macs, compact) },
  { term: "Skip connections", of: (run) => optional(run.search && skipShare(run.search.cells), percent) },
  { term: "Time", of: ({ started, ended }) => duration((ended - started) / 1000) },
  { term: "Adapter", of: ({ adapter }) => adapter },
];

/** Finished runs side by side: figures in columns, curves of the evaluation on top of each other. */
export class SnComparison extends LitElement {
  static override properties = { runs: { attribute: false } };
  declare runs: readonly RunSummary[];

  constructor() {
    super();
    this.runs = [];
  }

  static override styles = [
    shared,
    css`
      table {
        min-width: 100%;
      }
      th,
      td {
        padding: 0.35rem 1rem 0.35rem 0;
        border-block-end: 1px solid var(--sn-line);
        text-align: start;
        vertical-align: top;
      }
      tbody th {
        color: var(--sn-muted);
        white-space: nowrap;
      }
    `,
  ];

  protected override render() {
    const { runs } = this;
    if (runs.length < 2) return nothing;
    const epochs = Math.max(1, ...runs.map((run) => run.eval?.epochs.length ?? 0));
    return html`<div class="stack">
      <h3>Side by side</h3>
      <div class="scroll" tabindex="0" role="group" aria-label="Figures of the compared runs">
        <table>
          <thead>
            <tr>
              <td></td>
              ${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${ROWS.map(({ term, of }) => html`<tr><th scope="row">${term}</th>${runs.map((run) => html`<td>${of(run) ?? "–"}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>
      <div class="pair">
        <sn-chart heading="Loss in evaluation" .epochs=${epochs} .format=${loss} .series=${lines(runs, "loss")}></sn-chart>
        <sn-chart
          heading="Test accuracy"
          .epochs=${epochs}
          .format=${(share: number) => percent(share, 0)}
          .yRange=${UNIT}
          .series=${lines(runs, "top1")}
        ></sn-chart>
      </div>
    </div>`;
  }
}

const UNIT = [0, 1] as const;

function lines(runs: readonly RunSummary[], key: keyof PassFigures) {
  return runs.map(({ name, eval: evaluation }, i) => ({
    label: name,
    color: COLORS[i % COLORS.length] as string,
    dashed: i >= COLORS.length,
    points: (evaluation?.epochs ?? []).flatMap(({ train, val }, epoch) => {
      const figures = key === "loss" ? train : val;
      return figures ? [{ x: epoch + 1, y: figures[key] }] : [];
    }),
  }));
}

function optional<Value>(value: Value | undefined, write: (value: Value) => string): string | undefined {
  return value === undefined ? undefined : write(value);
}

define("sn-comparison", SnComparison);
