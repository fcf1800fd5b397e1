import { html, nothing } from "lit";

/** What did not work, told at once to screen readers too; nothing where `problem` is empty. */
export function problemNote(problem: string) {
  return problem ? html`<p class="note bad" role="alert">${problem}</p>` : nothing;
}
