import { css, html, LitElement, nothing } from "lit";
import type { EngineClient } from "../../worker/client-browser.ts";
import { toWire } from "../../worker/wire.ts";
import { define } from "../define.ts";
import { requestOf, type Setup } from "../state/setup.ts";
import { shared } from "../theme.ts";
import { problemNote } from "./problem-note.ts";
import "./conf-editor.ts";

/** Chooses what to run. Fires `setup-change` with the new `Setup` as detail. */
export class SnSetupForm extends LitElement {
  static override properties = {
    engine: { attribute: false },
    setup: { attribute: false },
    algorithms: { attribute: false },
    datasets: { attribute: false },
    disabled: { type: Boolean },
    problem: { state: true },
  };
  declare engine: EngineClient;
  declare setup: Setup;
  declare algorithms: readonly string[];
  declare datasets: readonly string[];
  declare disabled: boolean;
  declare private problem: string;

  constructor() {
    super();
    this.problem = "";
    this.algorithms = [];
    this.datasets = [];
  }

  static override styles = [
    shared,
    css`
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr));
        gap: 0.6rem 0.75rem;
      }
      label,
      legend {
        font-size: 0.8125rem;
        color: var(--sn-muted);
      }
      label > :is(input, select) {
        margin-block-start: 0.15rem;
      }
      legend {
        padding: 0;
      }
      fieldset {
        border: 0;
        margin: 0;
        padding: 0;
        min-width: 0;
      }
      .choices {
        display: flex;
        gap: 1rem;
        min-height: 2.25rem;
        align-items: center;
      }
      .choices label {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        color: var(--sn-ink);
        font-size: 0.875rem;
      }
      .choices input {
        margin: 0;
      }
    `,
  ];

  protected override render() {
    const { setup, disabled } = this;
    const edited = setup.confText !== undefined;
    return html`<fieldset class="stack" ?disabled=${disabled} aria-label="What to run">
      <div class="grid">
        ${this.#select("Algorithm", "algo", this.algorithms)} ${this.#select("Data set", "dataset", this.datasets)}
      </div>
      <div class="grid">
        <fieldset>
          <legend>Settings</legend>
          <div class="choices">
            ${[false, true].map(
              (full) => html`<label>
                <input
                  type="radio"
                  name="size"
                  .checked=${setup.full === full}
                  ?disabled=${edited}
                  @change=${() => this.#change({ full })}
                />
                ${full ? "Paper" : "Toy"}
              </label>`,
            )}
          </div>
        </fieldset>
        <label
          >Seed
          <input
            inputmode="numeric"
            pattern="[0-9]*"
            placeholder="from the conf"
            .value=${setup.seed}
            @change=${(event: Event) => this.#change({ seed: valueIn(event) })}
          />
        </label>
      </div>
      <label
        >Overrides, as on a command line
        <input
          class="mono"
          spellcheck="false"
          autocapitalize="off"
          placeholder="--nas.search.trainer.epochs 4"
          .value=${setup.overrides}
          @change=${(event: Event) => this.#change({ overrides: valueIn(event) })}
        />
      </label>
      <div class="row">
        ${
          edited
            ? html`<button @click=${() => this.#change({ confText: undefined })}>Back to the settings above</button>`
            : html`<button @click=${this.#edit}>Edit the conf</button>`
        }
      </div>
      ${problemNote(this.problem)}
      ${
        edited
          ? html`<sn-conf-editor
              .engine=${this.engine}
              .value=${setup.confText ?? ""}
              @conf-change=${(event: CustomEvent<string>) => this.#change({ confText: event.detail })}
            ></sn-conf-editor>`
          : nothing
      }
    </fieldset>`;
  }

  #select(label: string, key: "algo" | "dataset", names: readonly string[]) {
    const { [key]: value, confText } = this.setup;
    const known = names.includes(value) ? names : [value, ...names];
    // A conf that is edited was made for both.
    return html`<label
      >${label}
      <select ?disabled=${confText !== undefined} @change=${(event: Event) => this.#change({ [key]: valueIn(event) })}>
        ${known.map((name) => html`<option value=${name} ?selected=${name === value}>${name}</option>`)}
      </select>
    </label>`;
  }

  /** The conf that would run becomes the text to edit, overrides and seed written into it. */
  async #edit(): Promise<void> {
    this.problem = "";
    try {
      const { text } = await this.engine.api.resolve(requestOf(this.setup));
      this.#change({ confText: text, overrides: "", seed: "" });
    } catch (error) {
      this.problem = toWire(error).message;
    }
  }

  #change(part: Partial<Setup>): void {
    this.dispatchEvent(new CustomEvent<Setup>("setup-change", { detail: { ...this.setup, ...part } }));
  }
}

const valueIn = (event: Event) => (event.target as HTMLInputElement | HTMLSelectElement).value;

define("sn-setup-form", SnSetupForm);
