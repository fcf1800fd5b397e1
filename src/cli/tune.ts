import { homedir } from "node:os";
import { Option } from "commander";
import { SupernetError } from "../errors.ts";
import type { GpuHandle } from "../host/gpu.ts";
import { packageVersion } from "../host/node/package-root.ts";
import { fileTuningStore, tuningFile } from "../host/node/tuning.ts";
import { TUNE_MODES, type TuneMode, Tuner, type TunerParts } from "../runtime/webgpu/tuner.ts";

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

/**
 * The tuner that the flags ask for. Without one nothing is measured, and no file of choices is read or written: a run then
 * depends on nothing but its conf, its seed and the adapter.
 *
 * @param tell one line for the user
 * @throws SupernetError("config") for flags that say nothing together
 */
export async function openTuner(
  { tune, tuneFile }: TuneFlags,
  { info }: GpuHandle,
  tell: (line: string) => void,
  parts: Pick<TunerParts, "onWarning" | "onTuned" | "signal">,
): Promise<Tuner | undefined> {
  if (tune === "off" && tuneFile) throw new SupernetError("config", "--tune-file needs --tune fast or --tune full");
  if (tune === "off") return undefined;
  const file = tuneFile ?? tuningFile(process.env, homedir(), process.platform);
  return Tuner.open({
    adapter: { ...info, engine: packageVersion() },
    store: fileTuningStore(file, (message) => parts.onWarning?.(message)),
    budget: TUNE_MODES[tune],
    onWarning: parts.onWarning,
    signal: parts.signal,
    onStart: (choices) => tell(`tuning   ${choices} choices among variants of kernels`),
    onTuned(summary) {
      const { measured, changed, left, milliseconds } = summary;
      const rest = left > 0 ? `; ${left} left: more runs or --tune full go on` : "";
      tell(`tuned    ${measured} in ${(milliseconds / 1000).toFixed(1)} s, ${changed} other than by default${rest}`);
      parts.onTuned?.(summary);
    },
  });
}
