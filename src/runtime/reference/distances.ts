import { dims4 } from "../../graph/types.ts";
import type { RefOp } from "./def.ts";

export const pair_distances: RefOp<"pair_distances"> = ({ inputs, types, out }) => {
  const [n, c, h, w] = dims4(types[0]!);
  const size = c * h * w;
  let pair = 0;
  inputs.forEach((a, i) => {
    for (const b of inputs.slice(i + 1)) {
      for (let at = 0; at < a.length; at++) out[pair * n + Math.floor(at / size)]! += (a[at]! - b[at]!) ** 2;
      pair++;
    }
  });
};
