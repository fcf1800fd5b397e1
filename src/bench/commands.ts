/** Commands that reached the device. */
export interface CommandCounts {
  readonly dispatches: number;
  readonly submits: number;
}

/**
 * Counts what `run` asks of WebGPU until it is done, at the interface, so that nothing that a step does is overlooked.
 * Nothing else may use WebGPU meanwhile.
 */
export async function countCommands(run: () => Promise<void>): Promise<CommandCounts> {
  const counts = { dispatches: 0, submits: 0 };
  const restore = [
    spy(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counts.dispatches++),
    spy(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => counts.dispatches++),
    spy(GPUQueue.prototype, "submit", () => counts.submits++),
  ];
  try {
    await run();
  } finally {
    for (const undo of restore) undo();
  }
  return counts;
}

/** Has `called` run before each call of a method; the result undoes that. */
function spy<K extends string>(prototype: { [key in K]: unknown }, name: K, called: () => void): () => void {
  const original = prototype[name] as (...args: unknown[]) => unknown;
  const spied = function (this: unknown, ...args: unknown[]) {
    called();
    return original.apply(this, args);
  };
  prototype[name] = spied;
  return () => {
    prototype[name] = original;
  };
}
