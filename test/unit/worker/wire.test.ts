import { MessageChannel } from "node:worker_threads";
import { expose, transferHandlers, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { afterAll, describe, expect, it } from "vitest";
import { SupernetError } from "../../../src/errors.ts";
import { carryErrors } from "../../../src/worker/wire.ts";

/** How Comlink itself carries what was thrown. */
const plain = transferHandlers.get("throw")!;
carryErrors();
const { port1, port2 } = new MessageChannel();
const thrower = {
  known: () => {
    throw new SupernetError("data", "pets has a single class: add another");
  },
  late: () => Promise.reject(new SupernetError("aborted", "the run was interrupted")),
  bug: () => {
    throw new RangeError("index out of range");
  },
  word: () => Promise.reject("no error at all"),
};
expose(thrower, nodeEndpoint(port1));
const remote = wrap<typeof thrower>(nodeEndpoint(port2));
afterAll(() => port1.close());

describe("errors that cross to another thread", () => {
  it("keep their code and message", async () => {
    for (const [call, code, message] of [
      [remote.known(), "data", "pets has a single class: add another"],
      [remote.late(), "aborted", "the run was interrupted"],
    ] as const) {
      const error = await (call as Promise<unknown>).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SupernetError);
      expect(error).toMatchObject({ code, message });
    }
  });

  it("are bugs where nobody planned them, with the stack of where they were thrown", async () => {
    const bug = await (remote.bug() as Promise<unknown>).catch((reason: unknown) => reason);
    expect(bug).not.toBeInstanceOf(SupernetError);
    expect(bug).toMatchObject({ code: "bug", message: "index out of range" });
    expect((bug as Error).stack).toContain("Object.bug");
    await expect(remote.word()).rejects.toMatchObject({ code: "bug", message: "no error at all" });
  });

  it("come as they are from workers that are no engines", () => {
    const [sent] = plain.serialize({ value: new TypeError("the picture is cut short") });
    expect(() => transferHandlers.get("throw")!.deserialize(sent)).toThrow("the picture is cut short");
  });
});
