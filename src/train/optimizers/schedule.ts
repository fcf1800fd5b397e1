import { makeSchedule, type Schedule, type ScheduleConf } from "../schedules/index.ts";
import type { OptimizerSpec } from "./spec.ts";

/** How long a run trains. */
export interface RunLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/**
 * The schedule of an optimizer's learning rate; COCOB has none.
 * @param last step that the schedule has to reach: one that ends early says so now, not after hours
 * @throws SupernetError("config") on impossible settings
 */
export function optimizerSchedule(
  conf: ScheduleConf,
  spec: OptimizerSpec,
  { epochs, stepsPerEpoch }: RunLength,
  last: number,
): Schedule {
  const lr = spec.type === "cocob" ? Number.NaN : spec.lr;
  const schedule = makeSchedule(conf, { lr, epochs, stepsPerEpoch });
  schedule.at(last);
  return schedule;
}
