import * as Comlink from "comlink";
import type { EngineClient } from "../../worker/client-browser.ts";
import type { RunEvent, RunRequest } from "../../worker/protocol.ts";
import { toWire } from "../../worker/wire.ts";
import { idleView, isBusy, type RunAction, type RunView, reduceRun } from "./run-view.ts";
import { Store } from "./store.ts";

/** One engine's run, as a store: starting, holding and ending it, and what it tells meanwhile. */
export class RunSession {
  readonly store = new Store<RunView, RunAction>(reduceRun, idleView);
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  get view(): RunView {
    return this.store.state;
  }

  /**
   * Runs to the end. Never rejects: how it ended is in the view.
   * @param name of the run, where it is known
   */
  async start(request: RunRequest, name = ""): Promise<void> {
    if (isBusy(this.view)) return;
    this.store.dispatch({ kind: "starting", name });
    const { api, failed } = this.#engine;
    // A tab that is out of sight may be discarded, and one that is left is about to end.
    const keep = () => document.visibilityState === "hidden" && void api.keep().catch(() => {});
    document.addEventListener("visibilitychange", keep);
    try {
      const listener = Comlink.proxy((event: RunEvent) => this.store.dispatch(event));
      const summary = await Promise.race([api.start(request, listener), failed]);
      this.store.dispatch({ kind: "done", summary });
    } catch (error) {
      this.store.dispatch({ kind: "failed", error: toWire(error) });
    } finally {
      document.removeEventListener("visibilitychange", keep);
    }
  }

  async pause(): Promise<void> {
    if (!isBusy(this.view)) return;
    await this.#engine.api.pause();
  }

  async resume(): Promise<void> {
    if (!isBusy(this.view)) return;
    await this.#engine.api.resume();
  }

  async stop(): Promise<void> {
    if (!isBusy(this.view)) return;
    this.store.dispatch({ kind: "stopping" });
    await this.#engine.api.stop();
  }
}
