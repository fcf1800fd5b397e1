import { runFreed, runsHeld } from "../../host/browser/run-lock.ts";
import type { EngineClient } from "../../worker/client-browser.ts";
import type {
  AdapterReport,
  DatasetReport,
  ForecastReport,
  RunRequest,
  StoredRun,
  UnfinishedRun,
  WireError,
} from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { freePrefix } from "../state/kept-run.ts";
import { RunSession } from "../state/run-session.ts";
import { defaultSetup, requestOf, type Setup } from "../state/setup.ts";
import { Store } from "../state/store.ts";

/** What the page knows, apart from the run that goes on. */
export interface PageState {
  readonly setup: Setup;
  readonly algorithms: readonly string[];
  readonly datasets: readonly string[];
  readonly imported: readonly DatasetReport[];
  readonly runs: readonly StoredRun[];
  /** Those of them that can be gone on with. */
  readonly unfinished: readonly UnfinishedRun[];
  readonly adapter?: AdapterReport;
  /** Why there is no adapter. */
  readonly adapterError?: WireError;
  readonly forecast: readonly ForecastReport[];
  readonly forecastProblem: string;
  /** Name of the kept run that is looked at. */
  readonly opened?: string;
  readonly ticked: readonly string[];
  /** Something that did not work, to be told. */
  readonly problem: string;
}

const initial: PageState = {
  setup: defaultSetup,
  algorithms: [],
  datasets: [],
  imported: [],
  runs: [],
  unfinished: [],
  forecast: [],
  forecastProblem: "",
  ticked: [],
  problem: "",
};

const FORECAST_DELAY_MS = 300;

/** The page's state and what it asks of the engine. */
export class Workspace {
  readonly store = new Store<PageState, Partial<PageState>>((state, change) => ({ ...state, ...change }), initial);
  readonly session: RunSession;
  /** Handed on as a whole: lit would take the bare proxy of Comlink, which has every property, for a directive. */
  readonly engine: EngineClient;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  /** Runs whose end is waited for. */
  readonly #watched = new Set<string>();
  /** A run's name is being chosen. */
  #naming = false;

  constructor(engine: EngineClient) {
    this.engine = engine;
    this.session = new RunSession(engine);
  }

  get state(): PageState {
    return this.store.state;
  }

  /** Asks for everything that the page shows at first. Parts that fail are told, the others are shown. */
  async open(): Promise<void> {
    const { api, failed } = this.engine;
    failed.catch((error) => this.store.dispatch({ problem: toWire(error).message }));
    await Promise.all([
      this.#load(async () => ({ algorithms: await api.algorithms() })),
      this.refreshRuns(),
      this.refreshDatasets(),
      api.adapter().then(
        (adapter) => this.store.dispatch({ adapter }),
        (error) => this.store.dispatch({ adapterError: toWire(error) }),
      ),
    ]);
    this.#scheduleForecast();
  }

  /** Whether a run can be started: on WebGPU, or on what is left once a person has agreed to its pace. */
  get canRun(): boolean {
    const { adapter, adapterError, setup } = this.state;
    return !adapterError && (adapter?.backend !== "tfjs" || setup.fallback === true);
  }

  choose(setup: Setup): void {
    this.store.dispatch({ setup });
    this.#scheduleForecast();
  }

  /** Runs what is chosen, under a name that no kept run has. Refused, and told, where those names cannot be read. */
  async run(): Promise<void> {
    if (this.#naming) return;
    this.#naming = true;
    const { setup } = this.state;
    const request = await this.#named(setup).catch((error) => {
      this.store.dispatch({ problem: toWire(error).message });
    });
    this.#naming = false;
    if (!request) return;
    await this.session.start({ ...request, resume: "fresh" });
    await this.refreshRuns();
  }

  /** Goes on with a run that was cut off, or has it begin anew, as it was asked for then. */
  async goOn({ name, request }: UnfinishedRun, resume: "require" | "fresh" = "require"): Promise<void> {
    await this.session.start({ ...request, resume }, name);
    await this.refreshRuns();
  }

  /** The run that is asked for. What is kept is asked for anew: another tab may have kept a run since. */
  async #named(setup: Setup): Promise<RunRequest> {
    const { api, failed } = this.engine;
    const runs = await Promise.race([api.runs(), failed]);
    this.store.dispatch({ runs });
    const names = runs.map(({ name }) => name);
    return requestOf(setup, freePrefix(names, setup.algo, setup.dataset, setup.full ? "full" : "toy"));
  }

  async remove(name: string): Promise<void> {
    await this.#load(async () => {
      await this.engine.api.remove(name);
      const { opened, ticked } = this.state;
      return { opened: opened === name ? undefined : opened, ticked: ticked.filter((other) => other !== name) };
    });
    await this.refreshRuns();
  }

  async refreshRuns(): Promise<void> {
    const { api } = this.engine;
    await Promise.all([
      this.#load(async () => ({ runs: await api.runs() })),
      this.#load(async () => ({ unfinished: await api.unfinished() })),
    ]);
    for (const run of await runsHeld()) void this.#watch(run);
  }

  /** Looks again when a run has ended that goes on, in whichever tab: one that is closed has its run for a moment yet. */
  async #watch(run: string): Promise<void> {
    if (this.#watched.has(run)) return;
    this.#watched.add(run);
    await runFreed(run);
    this.#watched.delete(run);
    await this.refreshRuns();
  }

  async refreshDatasets(): Promise<void> {
    const { api } = this.engine;
    await Promise.all([
      this.#load(async () => ({ imported: await api.importedDatasets() })),
      this.#load(async () => ({ datasets: await api.datasets() })),
    ]);
  }

  async removeDataset(name: string): Promise<void> {
    await this.#load(async () => {
      await this.engine.api.removeDataset(name);
      return {};
    });
    await this.refreshDatasets();
  }

  /** The forecast follows the form, but not every letter typed into it. */
  #scheduleForecast(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#forecast(), FORECAST_DELAY_MS);
  }

  async #forecast(): Promise<void> {
    if (this.state.adapterError) return;
    const asked = ++this.#asked;
    const answer = await this.engine.api.forecast(requestOf(this.state.setup)).then(
      (forecast) => ({ forecast, forecastProblem: "" }),
      (error) => ({ forecast: [], forecastProblem: toWire(error).message }),
    );
    // A later question may have been answered first.
    if (asked === this.#asked) this.store.dispatch(answer);
  }

  async #load(body: () => Promise<Partial<PageState>>): Promise<void> {
    try {
      this.store.dispatch(await body());
    } catch (error) {
      this.store.dispatch({ problem: toWire(error).message });
    }
  }
}
