import { flat } from "../types.ts";
import { requireSizes, take } from "./check.ts";
import type { OpDef } from "./def.ts";

export const input: OpDef<"input"> = {
  infer(inputs, { type }) {
    take(inputs);
    requireSizes(type);
    return type;
  },
};

export const param: OpDef<"param"> = {
  infer(inputs, { shape }) {
    take(inputs);
    requireSizes(flat(shape));
    return flat(shape);
  },
};

export const fill: OpDef<"fill"> = {
  infer(inputs, { type }) {
    take(inputs);
    requireSizes(type);
    return type;
  },
};

export const drop_path_mask: OpDef<"drop_path_mask"> = {
  infer(inputs, { samples }) {
    take(inputs);
    requireSizes(flat([samples]));
    return flat([samples]);
  },
};
