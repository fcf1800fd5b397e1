/**
 * Errors a user can act on: what happened, where, and what to do about it.
 *
 * `code` is stable and machine-readable; `message` is for people and under test. Everything else that is thrown is a bug.
 */
export class SupernetError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = "SupernetError";
  }
}

/** A value as JSON for a message, of a long one the beginning. */
export function shown(value: unknown): string {
  const text = String(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export type ErrorCode =
  | "config" // a conf file, key, value or override is wrong
  | "desc" // a model description is malformed or cannot be built
  | "data" // a data set is missing, truncated or not what the conf says
  | "graph" // an op was given shapes or attributes it is not defined for
  | "device" // no adapter, a lost device, a limit exceeded
  | "numeric" // a loss, a gradient or a weight became NaN or infinite
  | "io" // a file cannot be read or written
  | "aborted"; // a run was stopped by whoever started it
