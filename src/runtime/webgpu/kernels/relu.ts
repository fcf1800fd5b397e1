import type { Lower, LowerContext } from "../kernel.ts";
import { span, storedElements } from "./launch.ts";

/** Element by element, whatever the layout. */
function everywhere<K extends "relu" | "relu_dx" | "relu6" | "relu6_dx">(
  shader: K,
  { inputs, output, tuning, dispatch }: LowerContext<K>,
): void {
  dispatch({
    shader,
    conditions: { planes: output.type.layout === "planes" },
    ...span(storedElements(output.type), tuning),
    reads: inputs,
    writes: [output],
  });
}

export const relu: Lower<"relu"> = (context) => everywhere("relu", context);
export const reluDx: Lower<"relu_dx"> = (context) => everywhere("relu_dx", context);
export const relu6: Lower<"relu6"> = (context) => everywhere("relu6", context);
export const relu6Dx: Lower<"relu6_dx"> = (context) => everywhere("relu6_dx", context);
