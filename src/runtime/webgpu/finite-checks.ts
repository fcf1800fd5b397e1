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
 * Looks for elements of bindings of f32 that are not finite, on the device: the host reads a number for each binding. Making it
 * makes GPU objects, using it makes none.
 */
export class FiniteChecks {
  /** One for each binding: checks what that holds when it runs. */
  readonly kernels: readonly Kernel[];
  readonly #engine: Engine;
  readonly #bindings: readonly Binding[];
  readonly #found: GPUBuffer;
  readonly #staging: GPUBuffer;
  readonly #disposeKernels: () => void;

  /** @param bindings of storage buffers */
  static async create(engine: Engine, bindings: readonly Binding[]): Promise<FiniteChecks> {
    const { buffers, tuning } = engine;
    const [found, staging] = buffers.attempt(() => {
      const bytes = bindings.length * 4;
      return [buffers.storage("finite checks", bytes), buffers.staging("finite checks", bytes)];
    });
    const dispatches = bindings.map((binding, index): BoundDispatch => {
      const { buffer, offset = 0, size = buffer.size - offset } = binding;
      const launch = span(size / 4, tuning);
      const uniforms = { ...launch.uniforms, check: index };
      return { shader: "finite_check", ...launch, uniforms, reads: [binding], writes: [{ buffer: found }] };
    });
    try {
      const kernels = await engine.kernels(dispatches, "finite checks");
      return new FiniteChecks(engine, bindings, { found, staging }, kernels);
    } catch (error) {
      for (const buffer of [found, staging]) buffers.destroy(buffer);
      throw error;
    }
  }

  private constructor(
    engine: Engine,
    bindings: readonly Binding[],
    { found, staging }: { readonly found: GPUBuffer; readonly staging: GPUBuffer },
    { kernels, dispose }: Awaited<ReturnType<Engine["kernels"]>>,
  ) {
    this.#engine = engine;
    this.#bindings = bindings;
    this.#found = found;
    this.#staging = staging;
    this.kernels = kernels;
    this.#disposeKernels = dispose;
    this.reset();
  }

  /** Forgets what was found. */
  reset(): void {
    this.#engine.device.queue.writeBuffer(this.#found, 0, new Uint32Array(this.#bindings.length).fill(NONE));
  }

  /**
   * What the kernels have found since the last reset: of the first binding with an element that is not finite, the first such
   * element. Reads must not overlap.
   * @throws SupernetError("device") when the device has failed
   */
  async read(): Promise<(BadElement & { readonly check: number }) | undefined> {
    const [bytes] = await this.#engine.copyOut([{ source: { buffer: this.#found }, staging: this.#staging }]);
    const elements = new Uint32Array(bytes!);
    const check = elements.findIndex((element) => element !== NONE);
    return check < 0 ? undefined : { check, binding: this.#bindings[check]!, element: elements[check]! };
  }

  /** Runs all checks on what is there after everything submitted so far. @throws as `read` */
  run(): ReturnType<FiniteChecks["read"]> {
    this.reset();
    submit(this.#engine, (encoder) => encodePass(encoder, this.kernels));
    return this.read();
  }

  dispose(): void {
    this.#disposeKernels();
    for (const buffer of [this.#found, this.#staging]) this.#engine.buffers.destroy(buffer);
  }
}

/**
 * Runs commands and checks what each has written before the next one runs, since temporaries share memory. For looking into
 * what went wrong: makes GPU objects.
 * @returns the first that wrote NaN or infinity
 * @throws SupernetError("device") when the device has failed
 */
export async function findBadWrite(engine: Engine, commands: readonly Command[]): Promise<BadWrite | undefined> {
  const writes = commands.flatMap((command) => written(command).map((binding) => ({ command, binding })));
  const checks = await FiniteChecks.create(
    engine,
    writes.map(({ binding }) => binding),
  );
  try {
    let next = 0;
    const checked = commands.flatMap((command): Command[] => {
      const mine = checks.kernels.slice(next, next + written(command).length);
      next += mine.length;
      return [command, ...mine.map((kernel): Command => ({ kind: "kernel", kernel }))];
    });
    submit(engine, (encoder) => replay(encoder, checked), Math.ceil(commands.length / COMMANDS_A_SUBMIT));
    const bad = await checks.read();
    return bad && { ...bad, command: writes[bad.check]!.command };
  } finally {
    checks.dispose();
  }
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
