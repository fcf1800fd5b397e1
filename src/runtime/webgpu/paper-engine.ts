import { Engine } from "./engine.ts";
import { paperDevice } from "./paper-device.ts";

/**
 * An engine on paper that refuses what the given one would, and takes as much memory.
 * @param memory bytes there are; default what that one knows of
 */
export function onPaper({ kind, device, buffers, tuner }: Engine, memory = buffers.memory): Engine {
  // What was found to be fastest needs memory of its own; there is nothing to measure.
  const found = tuner && { picks: tuner.picks, tune: async () => false, record: () => tuner.record(), adopt() {} };
  return new Engine(paperDevice(kind, device.limits, memory), found);
}
