import { type Engine, encodePass } from "./engine.ts";
import { type Command, Recorder } from "./recorder.ts";

/**
 * Encodes and submits commands, at once or in several command buffers of about equally many commands: systems take a device
 * away from whoever keeps it busy with one submit for seconds, and a page that shares it does not draw meanwhile.
 */
export function submit(engine: Engine, encode: (encoder: GPUCommandEncoder) => void, pieces = 1): void {
  const { device } = engine;
  if (pieces <= 1) {
    const encoder = device.createCommandEncoder();
    encode(encoder);
    device.queue.submit([encoder.finish()]);
    return;
  }
  const recorder = new Recorder();
  encode(recorder.encoder);
  const { commands } = recorder;
  const size = Math.ceil(commands.length / pieces);
  for (let start = 0; start < commands.length; start += size) {
    const encoder = device.createCommandEncoder();
    replay(encoder, commands.slice(start, start + size));
    device.queue.submit([encoder.finish()]);
  }
}

/** Encodes commands in order, neighbouring kernels in one pass. */
export function replay(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
  let open: Parameters<typeof encodePass>[1][number][] = [];
  const flush = () => {
    if (open.length > 0) encodePass(encoder, open);
    open = [];
  };
  for (const command of commands) {
    if (command.kind === "kernel") open.push(command.kernel);
    else {
      flush();
      command.encode(encoder);
    }
  }
  flush();
}
