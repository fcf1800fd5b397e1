/** What a page may know of `<supernet-search>`. Types only, so that they can be shipped without the engine's. */
import type { CellDrawing, RunEvent, RunSummary, WireError } from "../../worker/protocol.ts";

/** Events of the element; all bubble and leave shadow roots. */
export interface SupernetSearchEventMap {
  /** A few times a second while a network is trained. */
  "supernet-progress": CustomEvent<Extract<RunEvent, { kind: "progress" }>>;
  /** A run goes on that was cut off; its training stands where the event says. */
  "supernet-restored": CustomEvent<Extract<RunEvent, { kind: "restored" }>>;
  /** The search has ended with these cells. */
  "supernet-found": CustomEvent<readonly CellDrawing[]>;
  /** The run has ended. */
  "supernet-done": CustomEvent<RunSummary>;
  /** The run has failed. */
  "supernet-error": CustomEvent<WireError>;
}

export interface StartOptions {
  /** Begin again even where a run was cut off that could go on. */
  readonly anew?: boolean;
}

/**
 * `<supernet-search algo="darts" dataset="shapes" preset="toy" autostart>`: a search that runs where it stands, with its
 * curves, mixtures and cells. Every instance has an engine in a worker of its own, from its first start until it leaves
 * the page.
 *
 * Colours, type and corners are set by custom properties: `--supernet-surface`, `--supernet-ink`, `--supernet-muted`,
 * `--supernet-line`, `--supernet-accent`, `--supernet-on-accent`, `--supernet-second`, `--supernet-heat`,
 * `--supernet-radius`, `--supernet-font`, `--supernet-mono`. Parts are reached with `::part(…)`: `frame`, `heading`,
 * `button`, `primary`, `status`, `figures`, `cells`, `heat`, `curves`.
 */
export interface SupernetSearchElement extends HTMLElement {
  /** Attribute `algo`; default `darts`. */
  algo: string;
  /** Attribute `dataset` (as a property, `dataset` is every element's map of data attributes); default `shapes`. */
  data: string;
  /** Toy settings, or the paper's. */
  preset: "toy" | "full";
  /** A whole number, or empty for the conf's. */
  seed: string;
  /** Overrides of the conf as on a command line: `--nas.search.trainer.epochs 3`. */
  overrides: string;
  heading: string;
  /** Compute on WebGL where there is no WebGPU, many times as slowly; otherwise such a run fails. */
  fallback: boolean;
  /** Start as soon as it is on the page. */
  autostart: boolean;
  /**
   * Starts a run, or goes on with one of the same settings that was stopped, or cut off when its page was left; nothing happens
   * while one goes on. Resolves when it has ended, however it did.
   */
  start(options?: StartOptions): Promise<void>;
  /** Holds the run before its next step. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the run before its next step. */
  stop(): Promise<void>;
  /** Every file of the last run in one zip. */
  zip(): Promise<Uint8Array<ArrayBuffer>>;
}

declare global {
  interface HTMLElementTagNameMap {
    "supernet-search": SupernetSearchElement;
  }
}
