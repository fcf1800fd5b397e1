import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { PhaseRecord } from "../../../src/nas/phase-record.ts";
import { fileToSnapshot, snapshotToFile } from "../../../src/nas/snapshot-file.ts";
import { tally } from "../../reliability/damage.ts";
import { inputKind } from "../../reliability/table.ts";
import { bitsOf, SNAPSHOT } from "../nas/snapshots.ts";
import { damagedBytes, damagedText, outcomes, read } from "./support.ts";

let file: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  file = await snapshotToFile(SNAPSHOT, { conf: "c0ffee", "data set": "da7a", network: "1" });
});

/** A damaged file is refused, or still says the same. */
async function survives(bytes: Uint8Array): Promise<"read" | "refused"> {
  const found = await read(["io"], () => fileToSnapshot(bytes, "c.safetensors"));
  if (found === undefined) return "refused";
  expect(bitsOf(found.snapshot)).toEqual(bitsOf(SNAPSHOT));
  expect(found.identity).toEqual({ conf: "c0ffee", "data set": "da7a", network: "1" });
  return "read";
}

describe("a checkpoint", () => {
  it("of which any one bit is flipped", async () => {
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      const bytes = file.slice();
      bytes[at]! ^= 1 << (at % 8);
      if ((await survives(bytes)) === "refused") refused++;
    }
    tally(inputKind("checkpoint.test.ts"), { tried: file.length, survived: file.length });
    // What is no space any more, between the header and the data, may be no JSON either.
    expect(refused).toBeGreaterThan(0.95 * file.length);
  });

  it("that was cut off anywhere", async () => {
    for (let length = 0; length < file.length; length++) {
      expect(await survives(file.slice(0, length)), String(length)).toBe("refused");
    }
    tally(inputKind("checkpoint.test.ts"), { tried: file.length, survived: file.length });
  });

  it("damaged", () => outcomes(damagedBytes(fc.constant(null).map(() => file)), survives, 1000));
});

describe("what is kept of a phase", () => {
  const origin = { request: { algo: "darts" }, ranOn: { adapter: "a" } };
  const identity = { conf: { "common.seed": "2", "nas.search.trainer.epochs": "1" }, data: "da7a" };
  const ENDED = { text: "found", top1: 0.5 };
  const folder = "/run";
  let text = "";
  const files = {
    writeFile: async (_: string, data: string | Uint8Array) => {
      text = String(data);
    },
    readText: async () => text,
    readBytes: async () => new Uint8Array(),
    remove: async () => {},
    listFiles: async () => ["resume.json"],
  };
  const open = () => PhaseRecord.open({ files, folder, identity, origin }, "auto");
  let whole: string;
  beforeAll(async () => {
    const record = await PhaseRecord.open({ files, folder, identity, origin }, "fresh");
    await record.end(ENDED);
    whole = text;
  });

  const WORDS = [
    "{",
    "}",
    '"',
    ",",
    ":",
    "null",
    "1",
    "2",
    "format",
    "conf",
    "ended",
    "sha256",
    "__proto__",
    "\\u0061",
    "[]",
  ];

  it("damaged, is refused or still says the same", () =>
    outcomes(
      damagedText(
        fc.constant(null).map(() => whole),
        WORDS,
      ),
      async (damaged) => {
        text = damaged;
        const record = await read(["io"], open);
        if (!record) return "refused";
        expect(record.ended).toEqual(ENDED);
        return "read";
      },
      1000,
    ));
});
