import type { Kernel } from "./dispatch.ts";

/** What a recorded encoder was told, in order: a kernel, or a copy or clear between passes. */
export type Command =
  | { readonly kind: "kernel"; readonly kernel: Kernel }
  | { readonly kind: "transfer"; readonly target: GPUBuffer; encode(encoder: GPUCommandEncoder): void };

/**
 * Stands in for a command encoder and writes down what it is told instead of encoding it, so that kernels can be counted
 * or run one by one. It knows what a training step uses: kernels through `encodePass`, copies and clears.
 */
export class Recorder {
  readonly commands: Command[] = [];

  /** To hand to whatever encodes. */
  get encoder(): GPUCommandEncoder {
    return this as unknown as GPUCommandEncoder;
  }

  get kernels(): Kernel[] {
    return this.commands.flatMap((command) => (command.kind === "kernel" ? [command.kernel] : []));
  }

  /** A pass; called by `encodePass`. */
  pass(kernels: readonly Kernel[]): void {
    for (const kernel of kernels) this.commands.push({ kind: "kernel", kernel });
  }

  copyBufferToBuffer(...args: [GPUBuffer, number, GPUBuffer, number, number]): void {
    const encode = (encoder: GPUCommandEncoder) => encoder.copyBufferToBuffer(...args);
    this.commands.push({ kind: "transfer", target: args[2], encode });
  }

  clearBuffer(...args: [GPUBuffer, number?, number?]): void {
    const encode = (encoder: GPUCommandEncoder) => encoder.clearBuffer(...args);
    this.commands.push({ kind: "transfer", target: args[0], encode });
  }
}
