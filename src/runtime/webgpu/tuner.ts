import { SupernetError } from "../../errors.ts";
import type { Graph } from "../../graph/types.ts";
import {
  parseTuning,
  type TuningAdapter,
  type TuningChoices,
  type TuningStore,
  tuningText,
} from "../../host/tuning.ts";
import type { Engine, KernelTuner } from "./engine.ts";
import type { Kernels } from "./kernel.ts";
import { kernels as allKernels } from "./kernels/index.ts";
import { candidateLike, withPicks } from "./picks.ts";
import { retuned, type TuningRequest, tuningRequests } from "./tuning/requests.ts";
import { fastest } from "./tuning/rounds.ts";
import { singleNodeGraph } from "./tuning/single-node.ts";
import { Stopwatch } from "./tuning/stopwatch.ts";
import { type Contender, disagreement, Trial, type TrialOutput } from "./tuning/trial.ts";

/** What tuning for some graphs came to. */
export interface TuneSummary {
  /** Choices that were measured, and how many of them are not the default. */
  readonly measured: number;
  readonly changed: number;
  /** Choices for which no time was left, or no memory. */
  readonly left: number;
  readonly milliseconds: number;
}

export interface TunerParts {
  readonly adapter: TuningAdapter;
  readonly store: TuningStore;
  /** No new measurement starts after so many milliseconds, for each call of `tune`. */
  readonly budget: number;
  readonly kernels?: Kernels;
  /** What the user should know and is no error: variants that do not compute the same. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly onStart?: ((choices: number) => void) | undefined;
  readonly onTuned?: ((summary: TuneSummary) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Chooses among the variants of kernels by timing them on the device, and remembers what was fastest.
 *
 * For each key that the lowering of some graphs asks for, one node that asks, the largest, is compiled by itself on made-up
 * numbers, once with each candidate. A candidate that exceeds the device's limits is passed over, one whose results differ
 * from the default's by more than rounding is never chosen and told. Which candidates are tried, on what numbers and in which
 * order follows from the graphs alone; which one wins follows from the clock. Results may therefore differ in their last bits
 * between choices: `record` says what was chosen.
 */
export class Tuner implements KernelTuner {
  readonly #parts: TunerParts;
  readonly #kernels: Kernels;
  readonly #picks: Map<string, unknown>;
  /** What every key that was asked for is given. */
  readonly #used = new Map<string, unknown>();

  /** Starts from what is stored for the adapter. */
  static async open(parts: TunerParts): Promise<Tuner> {
    return new Tuner(parts, await parts.store.load(parts.adapter));
  }

  private constructor(parts: TunerParts, known: TuningChoices) {
    this.#parts = parts;
    this.#kernels = parts.kernels ?? allKernels;
    this.#picks = new Map(known);
  }

  get picks(): TuningChoices {
    return this.#picks;
  }

  record(): string {
    return tuningText([{ adapter: this.#parts.adapter, choices: this.#used }]);
  }

  adopt(record: string): void {
    for (const { choices } of parseTuning(record) ?? []) {
      for (const [key, choice] of choices) this.#picks.set(key, choice);
    }
  }

  /**
   * The engine should have nothing else to do meanwhile.
   *
   * @throws SupernetError("device") when the graphs do not fit the device or it fails; the signal's reason when aborted. What
   *   was found until then is stored.
   */
  async tune(engine: Engine, graphs: readonly Graph[]): Promise<boolean> {
    const { budget, store, adapter, onTuned } = this.#parts;
    const started = performance.now();
    const expired = () => performance.now() - started >= budget;
    const found = new Map<string, unknown>();
    const tried = new Set<string>();
    let changed = 0;
    const requests = () => tuningRequests(engine, graphs, this.#kernels);
    const open = () => requests().filter((request) => this.#isOpen(request) && !tried.has(request.key));
    try {
      // A choice may lead to a kernel that has others to offer.
      for (let list = open(); list.length > 0; list = open()) {
        if (tried.size === 0) this.#parts.onStart?.(list.length);
        for (const request of list) {
          tried.add(request.key);
          this.#parts.signal?.throwIfAborted();
          const index = expired() ? undefined : await this.#fastest(engine, request, expired).catch(orRefused);
          engine.check();
          if (index === undefined) continue;
          if (index > 0) changed++;
          found.set(request.key, request.candidates[index]);
          this.#picks.set(request.key, request.candidates[index]);
        }
      }
    } finally {
      if (found.size > 0) await store.save(adapter, found);
    }
    for (const { key, picked } of requests()) this.#used.set(key, picked);
    const milliseconds = performance.now() - started;
    if (tried.size > 0) onTuned?.({ measured: found.size, changed, left: tried.size - found.size, milliseconds });
    return changed > 0;
  }

  #isOpen({ key, candidates }: TuningRequest): boolean {
    return candidates.length > 1 && candidateLike(candidates, this.#picks.get(key)) === undefined;
  }

  /** Index of the candidate to take; undefined when the time was up before each was timed once. */
  async #fastest(
    engine: Engine,
    { key, candidates, graph, value }: TuningRequest,
    expired: () => boolean,
  ): Promise<number | undefined> {
    const trial = new Trial(engine, singleNodeGraph(graph, value));
    const stopwatch = new Stopwatch(engine);
    const contenders: { readonly index: number; readonly contender: Contender }[] = [];
    try {
      let expected: readonly TrialOutput[] = [];
      for (const [index, candidate] of candidates.entries()) {
        if (expired()) return undefined;
        const choice = new Map([[key, candidate]]);
        const kernels = retuned(this.#kernels, (tuning) => withPicks(tuning, choice));
        const compiled = await trial.compile(kernels).catch(orRefused);
        if (!compiled && index === 0) return undefined;
        if (!compiled) continue;
        contenders.push({ index, contender: compiled });
        const outputs = await compiled.outputs();
        if (index === 0) expected = outputs;
        const difference = index === 0 ? undefined : disagreement(expected, outputs, trial.terms);
        if (difference === undefined) continue;
        contenders.pop();
        compiled.dispose();
        this.#parts.onWarning?.(
          `${key}: the variant ${JSON.stringify(candidate)} is wrong on this adapter (${difference}) and is not used; ` +
            "please report it",
        );
      }
      if (contenders.length === 1) return 0;
      const time = (at: number, times: number) => stopwatch.time(contenders[at]!.contender.kernels, times);
      return contenders[await fastest(contenders.length, time, expired)]!.index;
    } finally {
      for (const { contender } of contenders) contender.dispose();
      stopwatch.dispose();
      trial.dispose();
    }
  }
}

/** What the device does not allow, or has no memory for beside all else, is not measured. */
function orRefused(error: unknown): undefined {
  if (!(error instanceof SupernetError)) throw error;
}
