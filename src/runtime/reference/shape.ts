import { at4, forEach4, type RefOp } from "./def.ts";

export const concat: RefOp<"concat"> = ({ inputs, types, type, out }) => {
  let start = 0;
  for (const [index, { shape }] of types.entries()) {
    forEach4(shape, (n, c, y, x, i) => {
      out[at4(type.shape, n, start + c, y, x)] = inputs[index]![i]!;
    });
    start += shape[1]!;
  }
};

export const channel_slice: RefOp<"channel_slice"> = ({ attrs, inputs, types, type, out }) => {
  forEach4(type.shape, (n, c, y, x, i) => {
    out[i] = inputs[0]![at4(types[0]!.shape, n, attrs.start + c, y, x)]!;
  });
};

export const strided_slice: RefOp<"strided_slice"> = ({ attrs, inputs, types, type, out }) => {
  const { start, stride } = attrs;
  forEach4(type.shape, (n, c, y, x, i) => {
    out[i] = inputs[0]![at4(types[0]!.shape, n, c, start[0] + y * stride[0], start[1] + x * stride[1])]!;
  });
};

export const strided_slice_dx: RefOp<"strided_slice_dx"> = ({ attrs, inputs, types, type, out }) => {
  const { start, stride } = attrs;
  forEach4(types[0]!.shape, (n, c, y, x, i) => {
    out[at4(type.shape, n, c, start[0] + y * stride[0], start[1] + x * stride[1])] = inputs[0]![i]!;
  });
};

/** Row-major NCHW is its own flattening. */
export const flatten: RefOp<"flatten"> = ({ inputs, out }) => {
  out.set(inputs[0]!);
};

export const unflatten: RefOp<"unflatten"> = ({ inputs, out }) => {
  out.set(inputs[0]!);
};
