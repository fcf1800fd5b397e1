import { dims4, type ParamSpec, type TensorType } from "../../../graph/types.ts";
import { Rng } from "../../../random/rng.ts";
import { storageBytes } from "../layout.ts";

/** Prime, so that planes and images, which are mostly powers of two long, differ. */
const LENGTH = 65_521;

let numbers: Float32Array | undefined;

/**
 * Multiples of 1/8 from -1 to 1, always the same. Products of a few of them and sums of many such products are exact in f32,
 * whatever the order; what a ReLU does with them never depends on rounding.
 */
function dummyNumbers(): Float32Array {
  if (!numbers) {
    const rng = new Rng(0, 0);
    numbers = Float32Array.from({ length: LENGTH }, () => (rng.randint(17) - 8) / 8);
  }
  return numbers;
}

/** Content for a tensor in the storage of kernel.ts: labels are 0, places of maxima (argmax) within any window from 2x2 on. */
export function dummyTensor(type: TensorType): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  const length = storageBytes(type) / 4;
  if (type.dtype === "u32") {
    const words = new Uint32Array(length);
    if (type.layout === "flat") return words;
    return words.map((_, index) => (Math.imul(index, 0x9e3779b1) >>> 3) & 0x03030303);
  }
  const data = dummyVector(length);
  const [n, c, h, w] = dims4(type);
  if (type.layout === "planes" && c % 4 !== 0) {
    for (let index = (c >> 2) * n * h * w * 4; index < length; index++) if ((index & 3) >= (c & 3)) data[index] = 0;
  }
  return data;
}

/** Content for a parameter. */
export const dummyParam = ({ shape }: ParamSpec): Float32Array =>
  dummyVector(shape.reduce((product, size) => product * size, 1));

function dummyVector(length: number): Float32Array<ArrayBuffer> {
  const data = new Float32Array(length);
  for (let start = 0; start < length; start += LENGTH) {
    data.set(dummyNumbers().subarray(0, Math.min(LENGTH, length - start)), start);
  }
  return data;
}
