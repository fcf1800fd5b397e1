import { dims4 } from "../../../graph/types.ts";
import type { DispatchSpec, Lower, TensorRef, Tuning } from "../kernel.ts";
import { planeBlocks, span, storedElements } from "./launch.ts";

/** Writes one value everywhere but into the padding lanes of planes, which are zero. */
function filled(output: TensorRef, value: number, tuning: Tuning): DispatchSpec {
  const { layout, dtype } = output.type;
  const inPlanes = layout === "planes" && dtype === "f32";
  const launch = inPlanes ? planeBlocks(output.type, tuning) : span(storedElements(output.type), tuning);
  return {
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
  };
}

const bitsOf = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0]!;

export const fill: Lower<"fill"> = ({ node, output, tuning, dispatch }) =>
  dispatch(filled(output, node.attrs.value, tuning));

/** Makes a tensor all zeros. */
export const zeros = (output: TensorRef, tuning: Tuning): DispatchSpec => filled(output, 0, tuning);

export const stopForward: Lower<"stop_forward"> = ({ output, tuning, dispatch }) => dispatch(zeros(output, tuning));
