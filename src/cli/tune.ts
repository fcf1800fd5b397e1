import { Option } from "commander";
import { SupernetError } from "../errors.ts";
import type { GpuHandle } from "../host/gpu.ts";
import { TUNE_MODES, type TuneMode } from "../runtime/webgpu/tune-modes.ts";
import type { Tuner } from "../runtime/webgpu/tuner.ts";
import { nodeHost } from "../worker/node-host.ts";
import type { TuneRequest } from "../worker/protocol.ts";
import { openTuner as open, type TuneParts } from "../worker/tune.ts";

/** What `--tune` and `--tune-file` say. */
export interface TuneFlags {
  readonly tune: "off" | TuneMode;
  readonly tuneFile?: string;
}

/** `--tune` and `--tune-file`. */
export const tuneOptions = (): readonly [Option, Option] => [
  new Option("--tune <how>", "time variants of kernels on this adapter: those that cost most (about 10 s), or all")
    .choices(["off", ...Object.keys(TUNE_MODES)])
    .default("off"),
  new Option(
    "--tune-file <file>",
    "where the fastest are remembered (default: supernet/tuning.json in the cache folder)",
  ),
];

/** The tuning that the flags ask for. @throws SupernetError("config") for flags that say nothing together */
export function tuneRequest({ tune, tuneFile }: TuneFlags): TuneRequest | undefined {
  if (tune !== "off") return { mode: tune, file: tuneFile };
  if (tuneFile) throw new SupernetError("config", "--tune-file needs --tune fast or --tune full");
  return undefined;
}

/**
 * The tuner that the flags ask for. Without one nothing is measured, and no file of choices is read or written: a run then
 * depends on nothing but its conf, its seed and the adapter.
 *
 * @param tell one line for the user
 * @throws SupernetError("config") for flags that say nothing together
 */
export async function openTuner(
  flags: TuneFlags,
  gpu: GpuHandle,
  tell: (line: string) => void,
  parts: Pick<TuneParts, "onWarning" | "onTuned">,
): Promise<Tuner | undefined> {
  const request = tuneRequest(flags);
  if (!request) return undefined;
  const { tuningStore, version } = nodeHost();
  const store = tuningStore((message) => parts.onWarning?.(message), request.file);
  return open(gpu, { mode: request.mode, store, version, tell, ...parts });
}
