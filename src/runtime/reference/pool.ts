import type { Window2d } from "../../graph/types.ts";
import { at4, forEach4, type RefOp } from "./def.ts";

/** Real pixels of each window, as index into the input and offset ky*kw+kx, in row-major order. */
function forEachWindow(
  input: readonly number[],
  output: readonly number[],
  { kernel, stride, padding }: Window2d,
  body: (outIndex: number, pixels: readonly { index: number; offset: number }[]) => void,
): void {
  forEach4(output, (n, c, oy, ox, outIndex) => {
    const pixels = [];
    for (let ky = 0; ky < kernel[0]; ky++) {
      const y = oy * stride[0] - padding[0] + ky;
      if (y < 0 || y >= input[2]!) continue;
      for (let kx = 0; kx < kernel[1]; kx++) {
        const x = ox * stride[1] - padding[1] + kx;
        if (x < 0 || x >= input[3]!) continue;
        pixels.push({ index: at4(input, n, c, y, x), offset: ky * kernel[1] + kx });
      }
    }
    body(outIndex, pixels);
  });
}

export const max_pool: RefOp<"max_pool"> = ({ attrs, inputs, types, type, out }) => {
  const [x] = inputs as [Float64Array];
  forEachWindow(types[0]!.shape, type.shape, attrs, (o, pixels) => {
    out[o] = Math.max(...pixels.map(({ index }) => x[index]!));
  });
};

export const max_pool_argmax: RefOp<"max_pool_argmax"> = ({ attrs, inputs, types, type, out }) => {
  const [x] = inputs as [Float64Array];
  forEachWindow(types[0]!.shape, type.shape, attrs, (o, pixels) => {
    let best = pixels[0]!;
    for (const pixel of pixels) if (x[pixel.index]! > x[best.index]!) best = pixel;
    out[o] = best.offset;
  });
};

export const max_pool_dx: RefOp<"max_pool_dx"> = ({ attrs, inputs, types, type, out }) => {
  const [dy, argmax] = inputs as [Float64Array, Float64Array];
  forEachWindow(type.shape, types[0]!.shape, attrs, (o, pixels) => {
    for (const { index, offset } of pixels) if (offset === argmax[o]) out[index]! += dy[o]!;
  });
};

export const avg_pool: RefOp<"avg_pool"> = ({ attrs, inputs, types, type, out }) => {
  const [x] = inputs as [Float64Array];
  forEachWindow(types[0]!.shape, type.shape, attrs, (o, pixels) => {
    for (const { index } of pixels) out[o]! += x[index]! / pixels.length;
  });
};

export const avg_pool_dx: RefOp<"avg_pool_dx"> = ({ attrs, inputs, types, type, out }) => {
  const [dy] = inputs as [Float64Array];
  forEachWindow(type.shape, types[0]!.shape, attrs, (o, pixels) => {
    for (const { index } of pixels) out[index]! += dy[o]! / pixels.length;
  });
};

export const global_avg_pool: RefOp<"global_avg_pool"> = ({ inputs, types, out }) => {
  const [x] = inputs as [Float64Array];
  const { shape } = types[0]!;
  const pixels = shape[2]! * shape[3]!;
  forEach4(shape, (n, c, _y, _x, i) => {
    out[n * shape[1]! + c]! += x[i]! / pixels;
  });
};

export const global_avg_pool_dx: RefOp<"global_avg_pool_dx"> = ({ inputs, type, out }) => {
  const [dy] = inputs as [Float64Array];
  const { shape } = type;
  const pixels = shape[2]! * shape[3]!;
  forEach4(shape, (n, c, _y, _x, i) => {
    out[i] = dy[n * shape[1]! + c]! / pixels;
  });
};
