import { dims4, elements, type TensorType } from "../../graph/types.ts";
import { quads } from "./kernel.ts";

/** Bytes of a tensor in the storage that kernel.ts defines. */
export function storageBytes(type: TensorType): number {
  if (type.layout === "flat") return elements(type) * 4;
  const [n, c, h, w] = dims4(type);
  return quads(c) * n * h * w * (type.dtype === "f32" ? 16 : 4);
}

/** Row-major NCHW → planes of channel quads, padding lanes zero. `data` has N*C*H*W elements. */
export function packPlanes(data: ArrayLike<number>, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [n, c, h, w] = dims4({ layout: "planes", dtype: "f32", shape });
  const pixels = h * w;
  const packed = new Float32Array(quads(c) * n * pixels * 4);
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const source = (image * c + channel) * pixels;
      const target = ((channel >> 2) * n + image) * pixels * 4 + (channel & 3);
      for (let pixel = 0; pixel < pixels; pixel++) packed[target + pixel * 4] = data[source + pixel]!;
    }
  }
  return packed;
}

/** Planes of channel quads → row-major NCHW. */
export function unpackPlanes(packed: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [n, c, h, w] = dims4({ layout: "planes", dtype: "f32", shape });
  const pixels = h * w;
  const data = new Float32Array(n * c * pixels);
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const target = (image * c + channel) * pixels;
      const source = ((channel >> 2) * n + image) * pixels * 4 + (channel & 3);
      for (let pixel = 0; pixel < pixels; pixel++) data[target + pixel] = packed[source + pixel * 4]!;
    }
  }
  return data;
}

/** Whether every lane beyond the last channel is exactly zero: what kernels promise each other. */
export function paddingIsZero(packed: Float32Array, shape: readonly number[]): boolean {
  const [n, c, h, w] = dims4({ layout: "planes", dtype: "f32", shape });
  if (c % 4 === 0) return true;
  const start = (quads(c) - 1) * n * h * w * 4;
  for (let index = start; index < packed.length; index++) {
    if ((index & 3) >= (c & 3) && packed[index] !== 0) return false;
  }
  return true;
}

/** Packed argmax bytes (see kernel.ts) → row-major NCHW. */
export function unpackBytes(packed: Uint32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [n, c, h, w] = dims4({ layout: "planes", dtype: "u32", shape });
  const pixels = h * w;
  const data = new Float32Array(n * c * pixels);
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const target = (image * c + channel) * pixels;
      const source = ((channel >> 2) * n + image) * pixels;
      const shift = (channel & 3) * 8;
      for (let pixel = 0; pixel < pixels; pixel++) data[target + pixel] = (packed[source + pixel]! >>> shift) & 255;
    }
  }
  return data;
}
