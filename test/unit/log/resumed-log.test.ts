import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { resumedLogSink } from "../../../src/log/resumed-log.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-resumed-"));
});
afterEach(() => rm(folder, { recursive: true }));

const stamp = (run: number, second: number) => `2026-01-0${run} 00:00:${String(second).padStart(2, "0")},000 `;

/** Lines as a run logs them. @param figures of each line, which may differ from run to run */
const linesOf = (run: number, messages: readonly string[]) => messages.map((text, i) => `${stamp(run, i)}${text}\n`);

const timeless = (text: string) => text.replaceAll(/^.{23} /gm, "");

/** Logs again, so many lines at once, what a new run says. */
async function logAgain(lines: readonly string[], atOnce: number): Promise<string> {
  const sink = resumedLogSink(nodeFiles, folder);
  for (let i = 0; i < lines.length; i += atOnce) await sink.appendText("log.log", lines.slice(i, i + atOnce).join(""));
  await sink.close!();
  return readFile(join(folder, "log.log"), "utf8");
}

const messages = fc.array(fc.constantFrom("INFO a", "INFO b", "INFO epochs/0 top1=0.5"), {
  minLength: 1,
  maxLength: 8,
});

describe("the log of a run that goes on", () => {
  it("ends as that of one that was never cut off, wherever that was, in the midst of a line too", () =>
    fc.assert(
      fc.asyncProperty(messages, fc.nat(), fc.integer({ min: 1, max: 4 }), async (texts, cut, atOnce) => {
        const [first, second] = [linesOf(1, texts), linesOf(2, texts)];
        const before = first.join("").slice(0, cut % (first.join("").length + 1));
        await writeFile(join(folder, "log.log"), before);
        const log = await logAgain(second, atOnce);
        expect(timeless(log)).toBe(timeless(second.join("")));
        // Lines that were whole keep their times.
        const whole = before.split("\n").length - 1;
        expect(log.split("\n").slice(0, whole)).toEqual(before.split("\n").slice(0, whole));
      }),
      { numRuns: 300, seed: 6 },
    ));

  it("has no line that only the earlier run has said", () =>
    fc.assert(
      fc.asyncProperty(messages, messages, fc.integer({ min: 1, max: 4 }), async (earlier, later, atOnce) => {
        await writeFile(join(folder, "log.log"), linesOf(1, earlier).join(""));
        expect(timeless(await logAgain(linesOf(2, later), atOnce))).toBe(`${later.join("\n")}\n`);
      }),
      { numRuns: 300, seed: 6 },
    ));

  it("is left alone until something else is said", async () => {
    const before = linesOf(1, ["INFO a", "INFO b"]).join("");
    await writeFile(join(folder, "log.log"), before);
    const sink = resumedLogSink(nodeFiles, folder);
    await sink.appendText("log.log", linesOf(2, ["INFO a"]).join(""));
    expect(await readFile(join(folder, "log.log"), "utf8")).toBe(before);
  });

  it("begins where there is none", async () => {
    expect(await logAgain(linesOf(2, ["INFO a", "INFO b"]), 1)).toBe(linesOf(2, ["INFO a", "INFO b"]).join(""));
  });
});
