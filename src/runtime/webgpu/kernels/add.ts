import type { Lower } from "../kernel.ts";
import { chunks, termConditions } from "./chunks.ts";
import { span, storedElements } from "./launch.ts";

/** More tensors than one dispatch may bind are added to the result six at a time, in order. */
export const add: Lower<"add"> = ({ inputs, output, tuning, dispatch }) => {
  const launch = span(storedElements(output.type), tuning);
  chunks(inputs).forEach((terms, index) => {
    dispatch({
      shader: "add",
      conditions: {
        ...termConditions(terms.length),
        planes: output.type.layout === "planes",
        accumulate: index > 0,
      },
      ...launch,
      reads: terms,
      writes: [output],
    });
  });
};
