import type { GpuHandle } from "../host/gpu.ts";
import type { TuningStore } from "../host/tuning.ts";
import { TUNE_MODES, type TuneMode, Tuner, type TunerParts } from "../runtime/webgpu/tuner.ts";

export interface TuneParts extends Pick<TunerParts, "onWarning" | "onTuned" | "signal"> {
  readonly mode: TuneMode;
  readonly store: TuningStore;
  /** Of this package. */
  readonly version: string;
  /** Told what happens, in lines for the user. */
  readonly tell: (line: string) => void;
}

/** A tuner for an open device that says what it does. */
export function openTuner({ info }: GpuHandle, { mode, version, tell, onTuned, ...parts }: TuneParts): Promise<Tuner> {
  return Tuner.open({
    ...parts,
    adapter: { ...info, engine: version },
    budget: TUNE_MODES[mode],
    onStart: (choices) => tell(`tuning   ${choices} choices among variants of kernels`),
    onTuned(summary) {
      const { measured, changed, left, milliseconds } = summary;
      const rest = left > 0 ? `; ${left} left: more runs or --tune full go on` : "";
      tell(`tuned    ${measured} in ${(milliseconds / 1000).toFixed(1)} s, ${changed} other than by default${rest}`);
      onTuned?.(summary);
    },
  });
}
