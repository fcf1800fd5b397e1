import type { Binding, BoundDispatch } from "../runtime/webgpu/engine.ts";

/**
 * Bytes of all storage that a dispatch binds for reading or writing: each byte counted once, however often the kernel
 * loads it. That is what it must move at least, as long as it binds no more than it needs.
 */
export function boundBytes({ reads, writes }: BoundDispatch): number {
  return [...reads, ...writes].reduce((sum, binding) => sum + bindingBytes(binding), 0);
}

const bindingBytes = ({ buffer, offset = 0, size = buffer.size - offset }: Binding): number => size;
