import { SupernetError } from "../errors.ts";
import type { Position } from "./types.ts";

/** `file:line:col`, or what is known of it. */
export function formatPosition(position: Position): string {
  return position.line === 0 ? position.file : `${position.file}:${position.line}:${position.col}`;
}

/** Something wrong in a conf, and where it is written. */
export interface ConfIssue {
  readonly message: string;
  /** Absent where it is written nowhere. */
  readonly at?: Position | undefined;
}

/** A config error that knows its places; its message has an issue a line, each after its place. */
export class ConfError extends SupernetError {
  readonly issues: readonly ConfIssue[];

  constructor(issues: readonly ConfIssue[], cause?: unknown) {
    const lines = issues.map(({ message, at }) => {
      const where = at ? formatPosition(at) : "";
      return where === "" ? message : `${where}: ${message}`;
    });
    super("config", [...new Set(lines)].join("\n"), { cause });
    this.issues = issues;
  }
}

/** A config error whose message starts with where the cause is written. */
export function configError(at: Position, message: string, cause?: unknown): ConfError {
  return new ConfError([{ message, at }], cause);
}
