import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { XnasModelDescBuilder } from "../../../src/algos/xnas/builder.ts";
import { regretRate, sharedExperts } from "../../../src/algos/xnas/horizon.ts";
import { xnas } from "../../../src/algos/xnas/index.ts";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import { SupernetError } from "../../../src/errors.ts";
import { readText } from "../../../src/host/node/files.ts";
import { checkAlgorithm } from "../../../src/nas/compatibility.ts";
import { updateXnasAlphas } from "../../../src/ops/xnas-update.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

async function confOf(...args: string[]): Promise<ExperimentConf> {
  const { tree, places } = await loadConfig("confs/algos/xnas.yaml", { files: { read: readText }, args });
  return parseExperimentConf(tree, places);
}

test.each([
  [
    "a bound of 0",
    ["--nas.search.trainer.grad_clip", "0.0"],
    "xnas bounds its rewards by nas.search.trainer.grad_clip, which is 0; set it above 0, as in xnas.yaml",
  ],
  [
    "a penalty on the alphas",
    ["--nas.search.trainer.l1_alphas", "0.1"],
    "xnas moves its alphas by rewards alone, which nas.search.trainer.l1_alphas 0.1 is no part of; set it to 0",
  ],
  [
    "a finalizer of another algorithm",
    ["--nas.search.finalizer", "mi"],
    'xnas has no finalizer "mi"; set nas.search.finalizer to default or random',
  ],
] as const)("%s is refused", async (_, args, message) => {
  const conf = await confOf(...args);
  expect(() => checkAlgorithm(xnas, conf)).toThrow(new SupernetError("config", message));
});

test("the conf as it is works, and with the other finalizer", async () => {
  checkAlgorithm(xnas, await confOf());
  checkAlgorithm(xnas, await confOf("--nas.search.finalizer", "random"));
});

test("a sample rewards the alphas once in every cell that shares them, and the rate follows from how often", () => {
  const desc = new XnasModelDescBuilder().build(MODEL_DESC);
  const [normal, reduction, ...rest] = sharedExperts(desc, 100, 2);
  expect(rest).toEqual([]);
  expect(normal).toMatchObject({ perSample: 2, total: 200, rate: Math.sqrt((2 * Math.log(8)) / (200 * 4)) });
  expect(reduction).toMatchObject({ perSample: 1, total: 100, rate: Math.sqrt((2 * Math.log(8)) / (100 * 4)) });
  expect(normal!.names).toHaveLength(5);
  expect(normal!.names[2]).toBe("cells.0.dag.1.0._wrapped.alphas_arch_param");
});

test("cells have alphas of their own only where the reference is repeated", async () => {
  const { builder } = xnas.method!;
  const owners = async (quirks: "True" | "False") => {
    const { nas } = await confOf("--nas.search.trainer.reference_quirks", quirks);
    return builder(nas.search)
      .build(MODEL_DESC)
      .cellDescs.map(({ trainablesFrom }) => trainablesFrom);
  };
  expect(await owners("False")).toEqual([0, 1, 0]);
  expect(await owners("True")).toEqual([0, 1, 2]);
});

const OPS = 8;
const BOUND = 0.7;

/** Rewards of each op within the bound, one row a sample, that favour some op. */
const rewards = fc
  .record({
    rows: fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: OPS, maxLength: OPS }), {
      minLength: 4,
      maxLength: 60,
    }),
    lean: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: OPS, maxLength: OPS }),
  })
  .map(({ rows, lean }) => rows.map((row) => row.map((r, op) => BOUND * Math.min(Math.max(r + lean[op]!, -1), 1))));

describe("eviction within the bound of the rewards", () => {
  test("never takes the op with the largest sum of rewards", () => {
    let evictions = 0;
    const property = fc.property(rewards, (rows) => {
      const eta = regretRate(rows.length, BOUND);
      let alphas: number[] = new Array(OPS).fill(1);
      rows.forEach((row, i) => {
        alphas = updateXnasAlphas(alphas, row, { eta, gradClip: BOUND, t: i + 1, total: rows.length, evict: true });
      });
      evictions += alphas.filter((alpha) => alpha === 0).length;
      const sums = sumsOf(rows);
      const best = Math.max(...sums);
      // Sums that differ by rounding alone are one.
      const leads = sums.flatMap((sum, op) => (best - sum < 1e-9 ? [op] : []));
      expect(leads.some((op) => alphas[op]! > 0)).toBe(true);
    });
    fc.assert(property, { numRuns: 300, seed: 1 });
    expect(evictions).toBeGreaterThan(300);
  });

  test("finds after a batch of rewards whom it would have found after each", () => {
    const property = fc.property(rewards, fc.integer({ min: 1, max: 7 }), (rows, batch) => {
      const total = Math.floor(rows.length / batch) * batch;
      fc.pre(total > 0);
      const eta = regretRate(total, BOUND);
      const settings = { eta, gradClip: BOUND, total, evict: true };
      let [each, whole]: number[][] = [new Array(OPS).fill(1), new Array(OPS).fill(1)];
      for (let t = batch; t <= total; t += batch) {
        const taken = rows.slice(t - batch, t);
        taken.forEach((row, i) => {
          each = updateXnasAlphas(each!, row, { ...settings, t: t - batch + i + 1 });
        });
        whole = updateXnasAlphas(whole!, sumsOf(taken), { ...settings, t });
        const kept = (alphas: number[]) => alphas.map((alpha) => alpha > 0);
        // At the very threshold rounding decides.
        const threshold = Math.max(...whole) * Math.exp(-2 * eta * BOUND * (total - t));
        fc.pre(
          !whole.concat(each!).some((alpha) => Math.abs(alpha / threshold - 1) < 1e-9 && alpha < Math.max(...whole!)),
        );
        expect(kept(whole)).toEqual(kept(each!));
        whole.forEach((alpha, op) => {
          expect(Math.abs(alpha - each![op]!)).toBeLessThanOrEqual(1e-12 * Math.max(...each!));
        });
      }
    });
    fc.assert(property, { numRuns: 300, seed: 2 });
  });
});

/** Σ of the rows. */
const sumsOf = (rows: readonly (readonly number[])[]): number[] =>
  Array.from({ length: OPS }, (_, op) => rows.reduce((sum, row) => sum + row[op]!, 0));
