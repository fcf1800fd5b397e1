import { dims4 } from "../../../graph/types.ts";
import type { Lower, LowerContext } from "../kernel.ts";
import { planeBlocks, span, storedElements } from "./launch.ts";

/** Writes one value everywhere but into the padding lanes of planes, which are zero. */
function fillWith({ output, tuning, dispatch }: LowerContext<"fill"> | LowerContext<"stop_forward">, value: number) {
  const { layout, dtype } = output.type;
  const inPlanes = layout === "planes" && dtype === "f32";
  const launch = inPlanes ? planeBlocks(output.type, tuning) : span(storedElements(output.type), tuning);
  dispatch({
    shader: "fill",
    conditions: { planes: inPlanes },
    ...launch,
    uniforms: {
      ...launch.uniforms,
      ...(inPlanes ? { channels: dims4(output.type)[1] } : {}),
      bits: dtype === "f32" ? bitsOf(value) : layout === "flat" ? value : value * 0x01010101,
    },
    reads: [],
    writes: [output],
  });
}

const bitsOf = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0]!;

export const fill: Lower<"fill"> = (context) => fillWith(context, context.node.attrs.value);

export const stopForward: Lower<"stop_forward"> = (context) => fillWith(context, 0);
