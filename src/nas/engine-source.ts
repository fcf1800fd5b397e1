import { SupernetError } from "../errors.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { abortable } from "../train/abortable.ts";
import { underJoinedSignal } from "../train/joined-signal.ts";
import type { TrainingControl } from "./training-control.ts";

/** Where trainings get their engine from, which is another one after its device was lost. */
export interface EngineSource {
  /** The last that was opened. */
  readonly engine: Engine;
  /**
   * The engine, or another one on a new device where that of the last was lost.
   * @throws SupernetError("device") where there is none any more
   */
  open(): Promise<Engine>;
}

/** An engine whose device nobody can replace. */
export const onlyEngine = (engine: Engine): EngineSource => ({ engine, open: async () => engine });

/** Work on a device that may be lost. */
export interface DeviceWork<T> {
  /** Nobody takes another device for work that is held. */
  readonly control: Pick<TrainingControl, "signal" | "gate">;
  /** Begins, or goes on with what it had before. @param signal ends it when the device is lost, too */
  readonly run: (engine: Engine, signal: AbortSignal) => Promise<T>;
  /** Grows as the work gets on: with losses that have nothing between them there is no use in going on. */
  readonly progress?: () => number;
  /** Told why the device was lost, before the work goes on with another one. */
  readonly onLoss?: (why: string) => void;
}

/** Losses in a row after which work ends. */
const LOSSES = 3;

const IN_A_ROW =
  `it was the first of ${LOSSES} losses in a row; ` +
  "update the graphics driver, or use a smaller batch or more batch_chunks";

/**
 * Does work on a device, and where that is lost, on the next.
 * @throws SupernetError("device") after three losses in a row, and where no other device opens, the first cause before all; the
 *   signal's reason when it is aborted, whatever else has happened; as the work does
 */
export async function survivingLoss<T>(source: EngineSource, work: DeviceWork<T>): Promise<T> {
  const { control, run, progress = () => 0, onLoss } = work;
  const { signal, gate } = control;
  let losses: Error[] = [];
  let gone: Engine | undefined;
  for (;;) {
    const engine = await abortable(opened(source, losses[0]), signal);
    // Of a source that has only one.
    if (engine === gone) engine.check();
    const before = progress();
    try {
      return await underJoinedSignal([signal, engine.lost], (joined) => run(engine, joined));
    } catch (error) {
      signal?.throwIfAborted();
      if (!(await engine.isLost())) throw error;
      gone = engine;
      const loss = engine.lost.reason as Error;
      if (progress() > before) losses = [];
      losses.push(loss);
      if (losses.length === LOSSES) throw ended(losses[0]!, IN_A_ROW);
      await abortable(gate?.passed() ?? Promise.resolve(), signal);
      onLoss?.(loss.message);
    }
  }
}

async function opened(source: EngineSource, first: Error | undefined): Promise<Engine> {
  try {
    return await source.open();
  } catch (error) {
    if (!first) throw error;
    throw ended(first, `no other one can be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function ended(first: Error, what: string): SupernetError {
  return new SupernetError("device", `${first.message}; ${what}`, { cause: first });
}
