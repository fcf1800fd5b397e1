import { SupernetError } from "../errors.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";

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
  readonly signal?: AbortSignal | undefined;
  /** Begins, or goes on with what it had before. @param signal ends it when the device is lost, too */
  readonly run: (engine: Engine, signal: AbortSignal) => Promise<T>;
  /** Grows as the work gets on: with losses that have nothing between them there is no use in going on. */
  readonly progress?: () => number;
  /** Told of a loss that is survived. */
  readonly onLoss?: (loss: SupernetError) => void;
}

/** Losses in a row after which work ends. */
const LOSSES = 3;

/**
 * Does work on a device, and where that is lost, on the next.
 * @throws SupernetError("device") after three losses in a row, the cause of the first before all; as the work does
 */
export async function survivingLoss<T>(source: EngineSource, work: DeviceWork<T>): Promise<T> {
  const { signal, run, progress = () => 0, onLoss } = work;
  let causes: SupernetError[] = [];
  for (;;) {
    const engine = await source.open();
    const before = progress();
    try {
      return await run(engine, signal ? AbortSignal.any([signal, engine.lost]) : engine.lost);
    } catch (error) {
      if (signal?.aborted || !(await engine.isLost())) throw error;
      if (progress() > before) causes = [];
      const loss = engine.lost.reason as SupernetError;
      causes.push(loss);
      if (causes.length === LOSSES) throw tooMany(causes[0]!);
      onLoss?.(loss);
    }
  }
}

function tooMany(first: SupernetError): SupernetError {
  const message = `${first.message}; this was the first of ${LOSSES} losses in a row`;
  return new SupernetError("device", message, { cause: first });
}
