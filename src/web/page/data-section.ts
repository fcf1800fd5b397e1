import { html, LitElement } from "lit";
import type { DatasetReport } from "../../worker/protocol.ts";
import { define } from "../define.ts";
import { shared } from "../theme.ts";
import { panels } from "./panels.ts";
import type { PageState, Workspace } from "./workspace.ts";
import "./contact-sheet.ts";
import "./import-form.ts";

/** A person's own images: taking them in, and what there is of them. */
export class SnDataSection extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    state: { attribute: false },
  };
  declare workspace: Workspace;
  declare state: PageState;

  static override styles = [shared, panels];

  protected override render() {
    const { imported } = this.state;
    const { engine } = this.workspace;
    return html`<div class="stack wide">
      <section class="panel stack">
        <h2>Your images</h2>
        <sn-import-form .engine=${engine} @imported=${this.#imported}></sn-import-form>
      </section>
      ${imported.map(
        (report) => html`<section class="panel stack">
          <div class="spread">
            <h2>${report.name}</h2>
            <div class="row">
              <button
                @click=${() => {
                  this.#choose(report.name);
                  location.hash = "#search";
                }}
              >
                Search with it
              </button>
              <button @click=${() => this.workspace.removeDataset(report.name)}>Delete</button>
            </div>
          </div>
          <sn-contact-sheet .report=${report}></sn-contact-sheet>
        </section>`,
      )}
    </div>`;
  }

  async #imported(event: CustomEvent<DatasetReport>): Promise<void> {
    await this.workspace.refreshDatasets();
    this.#choose(event.detail.name);
  }

  /** A conf that was edited is one for other images. */
  #choose(dataset: string): void {
    this.workspace.choose({ ...this.workspace.state.setup, dataset, confText: undefined });
  }
}

define("sn-data-section", SnDataSection);
