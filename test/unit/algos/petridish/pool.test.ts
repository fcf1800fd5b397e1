import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawParent, type HullPoint, samplingProbabilities } from "../../../../src/algos/petridish/points.ts";
import { Pool } from "../../../../src/algos/petridish/pool.ts";
import { ModelDescBuilder } from "../../../../src/desc/builder.ts";
import { MODEL_DESC } from "../../../model-desc-conf.ts";

const desc = new ModelDescBuilder().build(MODEL_DESC);

const member = (id: number, madd: number, top1: number): HullPoint => ({
  id,
  stage: "SEED_TRAINED",
  parentId: 0,
  samplingCount: 0,
  ...{ cells: 3, reductions: 1, nodes: 1, madd, flops: madd, params: 1, desc },
  train: { epoch: 0, top1 },
  val: { epoch: 0, top1 },
  top1,
});

const CONF = {
  convex_hull_eps: 0.025,
  max_madd: 1000,
  max_hull_points: 3,
  checkpoints_foldername: "",
  sampling_max_try: 1,
};

describe("a pool", () => {
  test("ends with more networks than max_hull_points", () => {
    const pool = new Pool(2, CONF, 1);
    for (let id = 1; id <= 3; id++) {
      pool.join(member(id, 10 * id, 0.1 * id));
      expect(pool.ended).toBe(false);
    }
    pool.join(member(4, 40, 0.4));
    expect(pool.ended).toBe(true);
    // The last one lets nothing grow.
    expect(pool.growths).toHaveLength(3);
  });

  test("ends with a network of more multiply-adds than max_madd", () => {
    const pool = new Pool(2, CONF, 1);
    pool.join(member(1, 1000, 0.1));
    expect(pool.ended).toBe(false);
    pool.join(member(2, 1001, 0.1));
    expect(pool.ended).toBe(true);
  });

  test("says whether a network is better than what was there", () => {
    const pool = new Pool(9, { ...CONF, max_hull_points: 99 }, 1);
    expect(pool.join(member(1, 10, 0.5))).toBe("better");
    expect(pool.join(member(2, 20, 0.6))).toBe("better");
    expect(pool.join(member(3, 30, 0.595))).toBe("near");
    expect(pool.join(member(4, 30, 0.3))).toBe("above");
    expect(pool.join(member(5, 15, 0.7))).toBe("better");
  });

  test("counts how often a network was drawn, and a growth knows of its own draw", () => {
    const pool = new Pool(1, { ...CONF, max_hull_points: 99 }, 1);
    pool.join(member(1, 10, 0.5));
    expect(pool.growths[0]!.parent).toMatchObject({ id: 1, samplingCount: 1 });
    pool.join(member(2, 20, 0.1));
    expect(pool.members[0]).toMatchObject({ id: 1, samplingCount: 2 });
    expect(pool.members[1]).toMatchObject({ id: 2, samplingCount: 0 });
  });

  test("grows the same networks with the same random numbers when it meets them in the same order", () => {
    const run = (seed: number) => {
      const pool = new Pool(4, { ...CONF, max_hull_points: 99 }, seed);
      for (let id = 1; id <= 20; id++) pool.join(member(id, 10 * id, 1 - 0.9 ** id));
      return pool.growths.map(({ parent, rng }) => [parent.id, rng.word()]);
    };
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });
});

describe("a draw", () => {
  test("prefers what is cheap and was seldom drawn", () => {
    const near = [
      { madd: 100, samplingCount: 0, top1: 0.5 },
      { madd: 100, samplingCount: 4, top1: 0.5 },
      { madd: 900, samplingCount: 4, top1: 0.5 },
    ];
    // Scores 1 + 1, 1/2 + 1, 1/2 + 1/2.
    expect(samplingProbabilities(near)).toEqual([2 / 4.5, 1.5 / 4.5, 1 / 4.5]);
  });

  test("comes from near the hull, whatever the random number", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 0, max: 100 })), { minLength: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (all, uniform) => {
          const points = all.map(([madd, top1], i) => member(i + 1, madd, top1 / 100));
          const best = Math.max(...points.map(({ top1 }) => top1));
          const drawn = drawParent(points, 0, uniform);
          // Nothing on the hull is beaten by something cheaper.
          const cheaper = points.filter(({ madd }) => madd < drawn.madd);
          expect(drawn.top1 === best || cheaper.every(({ top1 }) => top1 < drawn.top1 || top1 === drawn.top1)).toBe(
            true,
          );
        },
      ),
    );
  });
});
