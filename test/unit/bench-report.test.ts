import { describe, expect, it } from "vitest";
import { baselineOf, parseBaseline, withLine } from "../../src/bench/baseline.ts";
import { type BenchLine, benchLine } from "../../src/bench/line.ts";
import { median } from "../../src/bench/numbers.ts";
import { familyTimes, type Profile } from "../../src/bench/profile.ts";
import { dispatchesText, familiesText, lineText } from "../../src/bench/text.ts";

const LINE: BenchLine = benchLine({
  workload: "first",
  adapter: "llvmpipe",
  timing: {
    median: 500.04,
    min: 480,
    host: 3.456,
    firstStep: 4321.9,
    loss: 2.4308214,
    dispatches: 300,
    submits: 1,
    pipelines: 40,
    bytes: 123_456_789,
    buffers: 77,
    bytesMoved: 4e9,
  },
  peaks: { gflops: 37.04, gigabytes: 6.66 },
  flops: 9.4e9,
  without: [],
  tune: "off",
});

const PROFILE: Profile = {
  clock: "timestamps",
  dispatches: [
    { family: "relu.main", module: "cells.0", milliseconds: 1, bytes: 4e6, flops: 0 },
    { family: "pointwise.main", module: "cells.0.s0_op", milliseconds: 2, bytes: 4e6, flops: 2e7 },
    { family: "pointwise.main", module: "cells.1.s0_op", milliseconds: 5, bytes: 6e6, flops: 5e7 },
  ],
};

const PEAKS = { gflops: 20, gigabytes: 8 };

it("the median of an even count lies between the two in the middle", () => {
  expect(median([5])).toBe(5);
  expect(median([9, 1, 3])).toBe(3);
  expect(median([9, 1, 3, 4])).toBe(3.5);
});

describe("a line", () => {
  it("has rates from the median", () => {
    expect(LINE).toEqual({
      workload: "first",
      adapter: "llvmpipe",
      median_ms: 500,
      min_ms: 480,
      host_ms: 3.46,
      first_step_ms: 4322,
      loss: 2.430821,
      dispatches: 300,
      submits: 1,
      pipelines: 40,
      gpu_bytes: 123_456_789,
      live_buffers: 77,
      gflops: 18.8,
      peak_gflops: 37,
      copy_gbs: 6.7,
      bytes_moved: 4e9,
    });
  });

  it("names the passes that were left out", () => {
    expect(lineText({ ...LINE, without: ["mix", "bundles"] })).toMatch(/^without +mix, bundles$/m);
  });

  it("says how variants of kernels were chosen, if they were", () => {
    expect(lineText({ ...LINE, tune: "fast" })).toMatch(/^tune +fast$/m);
  });

  it("is compared field by field", () => {
    const text = lineText({ ...LINE, median_ms: 250 }, LINE);
    expect(text).toMatch(/^ +now +baseline +now \/ baseline$/m);
    expect(text).toMatch(/^median_ms +250 +500 +0\.500$/m);
    expect(text).toMatch(/^gpu_bytes +123,456,789 +123,456,789 +1\.000$/m);
    expect(text).toMatch(/^adapter +llvmpipe$/m);
  });
});

describe("the baseline", () => {
  it("is refused where it is none", () => {
    expect(() => parseBaseline("{", "b.json")).toThrow(
      "b.json is not JSON: restore it, or write it anew with --save-baseline",
    );
    expect(() => parseBaseline("[1]", "b.json")).toThrow(
      "b.json is not a list of lines of the benchmark: restore it from version control",
    );
  });

  it("keeps one line of each workload and adapter, in order", () => {
    const other = { ...LINE, adapter: "a GPU" };
    const faster = { ...LINE, median_ms: 400 };
    const text = [LINE, { ...LINE, workload: "toy" }, other, faster].reduce(
      (written, line) => withLine(parseBaseline(written, "file"), line),
      "[]",
    );
    const lines = parseBaseline(text, "file");
    expect(lines.map(({ workload, adapter }) => [adapter, workload])).toEqual([
      ["a GPU", "first"],
      ["llvmpipe", "first"],
      ["llvmpipe", "toy"],
    ]);
    expect(baselineOf(lines, LINE)).toEqual(faster);
    expect(baselineOf(lines, { ...LINE, workload: "mid" })).toBeUndefined();
  });

  it("says which file is broken", () => {
    expect(() => parseBaseline("[", "bench/baseline.json")).toThrow("bench/baseline.json is not JSON");
    expect(() => parseBaseline("[1]", "bench/baseline.json")).toThrow("bench/baseline.json is not a list of lines");
  });
});

describe("a profile", () => {
  it("is summed per family", () => {
    expect(familyTimes(PROFILE.dispatches)).toEqual([
      { family: "pointwise.main", dispatches: 2, milliseconds: 7, share: 7 / 8, bytes: 1e7, flops: 7e7 },
      { family: "relu.main", dispatches: 1, milliseconds: 1, share: 1 / 8, bytes: 4e6, flops: 0 },
    ]);
  });

  it("is printed with rates and shares of the peaks, longest first", () => {
    expect(familiesText(PROFILE, PEAKS)).toMatchInlineSnapshot(`
      "  ms   share  dispatches  GFLOP/s  of peak  GB/s  of copy  kernel
      7.00  87.5 %           2     10.0   50.0 %   1.4   17.9 %  pointwise.main
      1.00  12.5 %           1                     4.0   50.0 %  relu.main
      8.0 ms in 3 dispatches, each on its own (timestamps of the device); peaks: 20.0 GFLOP/s, 8.0 GB/s
      "
    `);
    expect(dispatchesText(PROFILE, PEAKS)).toMatchInlineSnapshot(`
      "   ms  GFLOP/s  of peak  GB/s  of copy  kernel, module
      5.000     10.0   50.0 %   1.2   15.0 %  pointwise.main  cells.1.s0_op
      2.000     10.0   50.0 %   2.0   25.0 %  pointwise.main  cells.0.s0_op
      1.000                     4.0   50.0 %  relu.main  cells.0
      "
    `);
  });
});
