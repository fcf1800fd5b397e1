import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "../../../src/cli/progress.ts";
import { throughput } from "../../../src/report/throughput.ts";
import type { Progress } from "../../../src/train/progress.ts";

const batchSize = 32;

const at = (phase: Progress["phase"], epoch: number, batch: number, more: Partial<Progress> = {}): Progress => {
  const progress = { phase, epoch, epochs: 2, batch, batches: 4, lr: 0.025, ...more };
  return { ...progress, averages: { loss: Math.LN10, top1: 0.125, top5: 0.5, samples: batchSize * batch } };
};

/** A display on a stream and a clock that both belong to the test. */
function display(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 200 });
  let time = 0;
  const progress = createProgress(stream, () => time);
  const speed = throughput(() => time);
  return {
    /** Tells the display, so many milliseconds after the last call. */
    tell(milliseconds: number, title: string, value: Progress) {
      time += milliseconds;
      const { phase: pass, averages, ...place } = value;
      const rest = { time, phase: "search", gpuBytes: 0, imagesPerSecond: speed(title, value) } as const;
      progress.update({ kind: "progress", title, pass, ...place, ...averages, ...rest });
    },
    stop: progress.stop,
    written: () => String(stream.read() ?? ""),
  };
}

describe("progress in a file or a pipe", () => {
  it("is a line after each pass", () => {
    const { tell, stop, written } = display(false);
    tell(5000, "search", at("train", 0, 1));
    tell(100, "search", at("train", 0, 3));
    expect(written()).toBe("");
    tell(100, "search", at("train", 0, 4));
    tell(50, "search", at("validate", 0, 4));
    tell(100, "search", at("train", 1, 2));
    tell(100, "search", at("train", 1, 4));
    stop();
    expect(written()).toMatchInlineSnapshot(`
      "search epoch 1/2 trained    loss 2.3026  top1 12.5%  480 images/s
      search epoch 1/2 validated  loss 2.3026  top1 12.5%  2560 images/s
      search epoch 2/2 trained    loss 2.3026  top1 12.5%  640 images/s
      "
    `);
  });

  it("names the end of a pass once, even if told twice", () => {
    const { tell, written } = display(false);
    tell(0, "search", at("train", 0, 4));
    tell(1, "search", at("train", 0, 4));
    expect(written().split("\n")).toHaveLength(2);
    // The same epoch of another run is another pass.
    tell(1, "evaluation", at("train", 0, 4));
    expect(written()).toMatch(/^evaluation epoch 1\/2 trained .*\n$/);
  });

  it("does not guess the speed of a pass it has heard of only at its end", () => {
    const { tell, written } = display(false);
    tell(1000, "search", at("train", 0, 4));
    expect(written()).toBe("search epoch 1/2 trained    loss 2.3026  top1 12.5%\n");
  });
});

/** What is on the line in the end, and what is left of escape sequences that hide the cursor or turn off wrapping. */
function terminal(written: string): { line: string; ended: boolean } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the matter here
  const draws = written.split(/\x1b\[1G/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  const line = (draws.at(-1) ?? "").replaceAll(/\x1b(\[[?\d]*[a-zA-Z]|\d)/g, "").trimEnd();
  return { line, ended: written.lastIndexOf("\x1b[?25h") > written.lastIndexOf("\x1b[?25l") };
}

describe("progress in a terminal", () => {
  const lastLine = (...steps: [number, Progress][]) => {
    const { tell, stop, written } = display(true);
    for (const [milliseconds, progress] of steps) tell(milliseconds, "search", progress);
    stop();
    return terminal(written());
  };

  it("is a bar over all batches of all epochs, with figures, speed and time left", () => {
    const first = lastLine([0, at("train", 0, 1)]);
    expect(first.line).toMatchInlineSnapshot(`"search ███░░░░░░░░░░░░░░░░░ epoch 1/2  loss 2.303  top1 12.5%"`);
    const later = lastLine([0, at("train", 0, 1)], [2000, at("train", 0, 3)]);
    // 2 of 8 batches took two seconds, 5 are left.
    expect(later.line).toMatchInlineSnapshot(
      `"search ████████░░░░░░░░░░░░ epoch 1/2  loss 2.303  top1 12.5%  32 images/s  0:05 left"`,
    );
    const validating = lastLine([0, at("train", 0, 1)], [3000, at("train", 0, 4)], [1000, at("validate", 0, 2)]);
    // 3 batches and a half validation took four seconds, so 4 take 5.33.
    expect(validating.line).toMatchInlineSnapshot(
      `"search ██████████░░░░░░░░░░ epoch 1/2 validating  loss 2.303  top1 12.5%  64 images/s  0:05 left"`,
    );
    const end = lastLine([0, at("train", 0, 1)], [3_000_000, at("train", 1, 4)]);
    expect(end.line).toMatchInlineSnapshot(
      `"search ████████████████████ epoch 2/2  loss 2.303  top1 12.5%  0 images/s  0:00 left"`,
    );
  });

  it("tells hours when it takes hours", () => {
    const { line } = lastLine([0, at("train", 0, 1, { epochs: 600 })], [10_000, at("train", 0, 2, { epochs: 600 })]);
    // 2398 batches of ten seconds.
    expect(line).toMatch(/ 6:39:40 left$/);
  });

  it("gives the cursor back", () => {
    const { tell, stop, written } = display(true);
    tell(0, "search", at("train", 0, 1));
    const started = written();
    expect(terminal(started).ended).toBe(false);
    stop();
    expect(terminal(started + written()).ended).toBe(true);
    stop();
    expect(written()).toBe("");
  });

  it("starts a new line for another run", () => {
    const { tell, stop, written } = display(true);
    tell(0, "search", at("train", 0, 1));
    tell(10, "evaluation", at("train", 0, 1));
    stop();
    const text = written();
    expect(text.match(/\n/g)).toHaveLength(2);
    expect(text.indexOf("search")).toBeLessThan(text.indexOf("\n"));
    expect(text.indexOf("evaluation")).toBeGreaterThan(text.indexOf("\n"));
  });
});
