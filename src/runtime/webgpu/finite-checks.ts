import { type Binding, type BoundDispatch, type Engine, encodePass, type Kernel } from "./engine.ts";
import { span } from "./kernels/launch.ts";
import type { Command } from "./recorder.ts";
import { replay, submit } from "./submission.ts";

/** An element that is NaN or infinite, in the binding that was checked. */
export interface BadElement {
  readonly binding: Binding;
  /** Counts f32 from the start of the binding. */
  readonly element: number;
}

/** What made it: the command that wrote the binding first of all. */
export interface BadWrite extends BadElement {
  readonly command: Command;
}

const NONE = 0xffff_ffff;

/** Commands that one submit takes; each may be a large kernel, and devices are taken from whoever keeps them busy for long. */
const COMMANDS_A_SUBMIT = 50;

/**
 * Looks for elements of bindings of f32 that are not finite, on the device: the host reads a number for each binding. Where
 * several are bad it finds the first. Makes GPU objects; for looking into what has gone wrong, not for the steady state.
 *
 * @param bindings of storage buffers
 * @param encode is handed a kernel for each binding, which checks what the binding holds when it runs
 * @returns the first bad element of each binding
 */
async function check(
  engine: Engine,
  bindings: readonly Binding[],
  encode: (encoder: GPUCommandEncoder, checks: readonly Kernel[]) => void,
  pieces: number,
): Promise<(number | undefined)[]> {
  const { buffers, device, tuning } = engine;
  const found = buffers.storage("finite checks", bindings.length * 4);
  try {
    device.queue.writeBuffer(found, 0, new Uint32Array(bindings.length).fill(NONE));
    const dispatches = bindings.map((binding, index): BoundDispatch => {
      const { buffer, offset = 0, size = buffer.size - offset } = binding;
      const launch = span(size / 4, tuning);
      const uniforms = { ...launch.uniforms, check: index };
      return { shader: "finite_check", ...launch, uniforms, reads: [binding], writes: [{ buffer: found }] };
    });
    const { kernels, dispose } = await engine.kernels(dispatches, "finite checks");
    submit(engine, (encoder) => encode(encoder, kernels), pieces);
    const elements = new Uint32Array(await engine.read({ buffer: found }));
    dispose();
    return [...elements].map((element) => (element === NONE ? undefined : element));
  } finally {
    buffers.destroy(found);
  }
}

/** The first of these bindings that holds NaN or infinity now. */
export async function findBad(engine: Engine, bindings: readonly Binding[]): Promise<BadElement | undefined> {
  const elements = await check(engine, bindings, (encoder, checks) => encodePass(encoder, checks), 1);
  const index = elements.findIndex((element) => element !== undefined);
  return index < 0 ? undefined : { binding: bindings[index]!, element: elements[index]! };
}

/**
 * Runs commands and checks what each has written before the next one runs, since temporaries share memory.
 * @returns the first that wrote NaN or infinity
 */
export async function findBadWrite(engine: Engine, commands: readonly Command[]): Promise<BadWrite | undefined> {
  const writes = commands.map(written);
  const bindings = writes.flat();
  const pieces = Math.ceil(commands.length / COMMANDS_A_SUBMIT);
  const run = (encoder: GPUCommandEncoder, checks: readonly Kernel[]) => {
    let next = 0;
    const checked = commands.flatMap((command, index): Command[] => {
      const mine = checks.slice(next, next + writes[index]!.length);
      next += mine.length;
      return [command, ...mine.map((kernel): Command => ({ kind: "kernel", kernel }))];
    });
    replay(encoder, checked);
  };
  const elements = await check(engine, bindings, run, pieces);
  const index = elements.findIndex((element) => element !== undefined);
  if (index < 0) return undefined;
  const owners = commands.flatMap((command, at) => writes[at]!.map(() => command));
  return { command: owners[index]!, binding: bindings[index]!, element: elements[index]! };
}

/** What a command writes of what holds numbers: uniforms do not. */
function written(command: Command): Binding[] {
  const all = command.kind === "kernel" ? command.kernel.dispatch.writes : [{ buffer: command.target }];
  return all.filter(({ buffer }) => buffer.usage & GPUBufferUsage.STORAGE);
}

/** Zeroes whatever the commands write. */
export function clearWritten(engine: Engine, commands: readonly Command[]): void {
  submit(engine, (encoder) => {
    for (const buffer of new Set(commands.flatMap(written).map((binding) => binding.buffer)))
      encoder.clearBuffer(buffer);
  });
}
