import { expect } from "vitest";
import { SupernetError } from "../../../../src/errors.ts";

/** The message of the data error that a promise ends with. */
export async function dataError(result: Promise<unknown>): Promise<string> {
  const error = await result.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SupernetError);
  expect(error).toMatchObject({ code: "data" });
  return (error as SupernetError).message;
}

export const blobOf = (bytes: Uint8Array): Blob => new Blob([new Uint8Array(bytes)]);
