import { transferHandlers } from "comlink";
import { type ErrorCode, SupernetError } from "../errors.ts";
import type { WireError } from "./protocol.ts";

/** A `SupernetError`, or anything else that was thrown, in parts that can be cloned. */
export function toWire(error: unknown): WireError {
  if (error instanceof SupernetError) return { code: error.code, message: error.message };
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return stack === undefined ? { code: "bug", message } : { code: "bug", message, stack };
}

/** The inverse: a `SupernetError` with its code, or an `Error` of code "bug" with the stack of the other side. */
export function fromWire({ code, message, stack }: WireError): Error {
  if (code !== "bug") return new SupernetError(code as ErrorCode, message);
  return Object.assign(new Error(message), { code, ...(stack !== undefined && { stack }) });
}

/** Makes Comlink carry errors as `WireError`s; to be called once on both sides before anything is thrown. */
export function carryErrors(): void {
  const thrown = transferHandlers.get("throw")!;
  transferHandlers.set("throw", {
    // Only Comlink knows the mark of what was thrown.
    canHandle: thrown.canHandle,
    serialize: ({ value }: { value: unknown }) => [toWire(value), []],
    deserialize: (wire: WireError) => {
      // Workers that are no engines, such as those that decode images, speak as Comlink does.
      if ("isError" in wire) return thrown.deserialize(wire);
      throw fromWire(wire);
    },
  });
}
