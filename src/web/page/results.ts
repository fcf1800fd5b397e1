import { css, html, LitElement, nothing } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import type { RunSummary, StoredRun } from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { saveFile } from "../state/download.ts";
import { bytes, compact, duration, grouped, percent } from "../state/format.ts";
import { lastAccuracy } from "../state/kept-run.ts";
import { runHash } from "../state/run-link.ts";
import { shared } from "../theme.ts";
import { problemNote } from "./problem-note.ts";

/** The figures of a finished run, its files, and a link to it. */
export class SnResults extends LitElement {
  static override properties = {
    engine: { attribute: false },
    summary: { attribute: false },
    kept: { attribute: false },
    link: { state: true },
    problem: { state: true },
  };
  declare engine: EngineClient;
  declare summary?: RunSummary;
  /** The run with its files. */
  declare kept?: StoredRun;
  declare private link: string;
  declare private problem: string;

  constructor() {
    super();
    this.link = "";
    this.problem = "";
  }

  static override styles = [
    shared,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr));
        gap: 0.75rem 1.25rem;
      }
      dt {
        font-size: 0.75rem;
        color: var(--sn-muted);
      }
      dd {
        font-size: 1.375rem;
        font-weight: 600;
        letter-spacing: -0.02em;
        font-variant-numeric: tabular-nums;
      }
      li {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        padding-block: 0.15rem;
        border-block-end: 1px solid var(--sn-line);
      }
      li button {
        overflow-wrap: anywhere;
        text-align: start;
      }
      summary {
        cursor: pointer;
        font-size: 0.875rem;
      }
    `,
  ];

  protected override render() {
    const { summary, kept } = this;
    if (!summary) return nothing;
    return html`<div class="stack">
      <dl>${figuresOf(summary).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
      <p class="small muted">
        ${summary.algo} on ${summary.dataset}, seed ${summary.seed}, on ${summary.adapter || "an adapter without a name"}
      </p>
      <div class="row">
        <button class="primary" @click=${this.#zip}>Download all as zip</button>
        <button @click=${this.#makeLink}>Link to this run</button>
      </div>
      ${
        this.link
          ? html`<label class="stack small">
              <span>Opens the page with this conf and seed. Nothing is started.</span>
              <input readonly .value=${this.link} @focus=${(event: FocusEvent) => (event.target as HTMLInputElement).select()} />
            </label>`
          : nothing
      }
      ${problemNote(this.problem)}
      ${
        kept && kept.files.length > 0
          ? html`<details>
              <summary>${kept.files.length} files</summary>
              <ul>
                ${kept.files.map(
                  ({ path, bytes: size }) => html`<li>
                    <button class="plain mono" @click=${() => this.#save(path)}>${path}</button>
                    <span class="small muted">${bytes(size)}</span>
                  </li>`,
                )}
              </ul>
            </details>`
          : nothing
      }
    </div>`;
  }

  async #zip(): Promise<void> {
    const name = this.summary?.name;
    if (name) await this.#try(async () => saveFile(`${name}.zip`, await this.engine.api.zip(name), "application/zip"));
  }

  async #save(path: string): Promise<void> {
    await this.#try(async () => saveFile(path.slice(path.lastIndexOf("/") + 1), await this.engine.api.readFile(path)));
  }

  /** The conf that was used lies with the results, whichever way the run came about. */
  async #makeLink(): Promise<void> {
    const { summary } = this;
    if (!summary) return;
    await this.#try(async () => {
      const path = this.kept?.files.find((file) => file.path.endsWith("/config_used.yaml"))?.path;
      const folder = `${summary.name}_${summary.search ? "search" : "eval"}`;
      const conf = await this.engine.api.readFile(path ?? `${folder}/config_used.yaml`);
      const { algo, dataset } = summary;
      const hash = runHash({ algo, dataset, confText: new TextDecoder().decode(conf) });
      this.link = new URL(hash, location.href).href;
      await navigator.clipboard?.writeText(this.link).catch(() => undefined);
    });
  }

  async #try(body: () => Promise<void>): Promise<void> {
    this.problem = "";
    try {
      await body();
    } catch (error) {
      this.problem = toWire(error).message;
    }
  }
}

function figuresOf({ eval: evaluation, search, started, ended }: RunSummary): readonly (readonly [string, string])[] {
  const test = lastAccuracy(evaluation?.epochs);
  const validation = lastAccuracy(search?.epochs);
  return [
    ...(test === undefined ? [] : [["Test accuracy", percent(test)] as const]),
    ...(evaluation ? [["Parameters", grouped(evaluation.params)] as const] : []),
    ...(evaluation ? [["Multiply-adds", compact(evaluation.macs)] as const] : []),
    ...(validation === undefined ? [] : [["Search validation", percent(validation)] as const]),
    ["Time", duration((ended - started) / 1000)] as const,
  ];
}

define("sn-results", SnResults);
