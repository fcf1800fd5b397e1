import { SupernetError } from "../errors.ts";
import type { Position } from "./types.ts";

/** `file:line:col`, or what is known of it. */
export function formatPosition(position: Position): string {
  return position.line === 0 ? position.file : `${position.file}:${position.line}:${position.col}`;
}

/** A config error whose message starts with where the cause is written. */
export function configError(position: Position, message: string, cause?: unknown): SupernetError {
  const where = formatPosition(position);
  return new SupernetError("config", where === "" ? message : `${where}: ${message}`, { cause });
}
