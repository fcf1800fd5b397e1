import { describe, expect, it } from "vitest";
import { fastest } from "../../../src/runtime/webgpu/tuning/rounds.ts";

const never = () => false;

/** Times of candidates, round after round; the last one is repeated. Also what was asked for. */
function clock(times: readonly (readonly number[])[]) {
  const asked: [index: number, times: number][] = [];
  const seen = times.map(() => 0);
  const time = async (index: number, repeats: number) => {
    asked.push([index, repeats]);
    const own = times[index]!;
    return own[Math.min(seen[index]!++, own.length - 1)]!;
  };
  return { asked, time };
}

const winner = (...times: readonly (readonly number[])[]) => fastest(times.length, clock(times).time, never);

describe("fastest", () => {
  it("is the one with the smallest middle time, whatever disturbs single rounds", async () => {
    // The first time of each only says how often to repeat.
    expect(await winner([9, 5, 5, 5, 5, 5], [9, 4, 30, 4, 4, 30], [9, 6, 6, 6, 2, 2])).toBe(1);
  });

  it("is the default if another is not clearly faster", async () => {
    expect(await winner([10], [9.6])).toBe(0);
    expect(await winner([10], [10])).toBe(0);
    expect(await winner([0], [0])).toBe(0);
    expect(await winner([10], [9.4], [9.4])).toBe(1);
  });

  it("is the default if only the middle or only the best time is better", async () => {
    expect(await winner([9, 5, 5, 5, 5, 5], [9, 4.9, 8, 8, 8, 8])).toBe(0);
    expect(await winner([9, 5, 5, 5, 5, 5], [9, 2, 8, 8, 8, 8])).toBe(0);
    expect(await winner([9, 5, 8, 8, 8, 8], [9, 6, 6, 6, 6, 6])).toBe(0);
  });

  it("gives up what is far behind after two rounds, the default too", async () => {
    const { asked, time } = clock([[50], [4], [5]]);
    expect(await fastest(3, time, never)).toBe(1);
    expect(asked.filter(([index]) => index === 0).length).toBe(3);
    expect(asked.filter(([index]) => index === 2).length).toBe(6);
    // One bad round is not far behind.
    expect(await winner([6, 6], [4, 40, 4])).toBe(1);
  });

  it("repeats what is too short for a clock, all candidates as often, and begins rounds with each in turn", async () => {
    const { asked, time } = clock([[1], [0.5], [2]]);
    await fastest(3, time, never);
    expect(asked.slice(0, 3)).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(asked.slice(3, 9)).toEqual([
      [0, 8],
      [1, 8],
      [2, 8],
      [1, 8],
      [2, 8],
      [0, 8],
    ]);
    const still = clock([[0], [0]]);
    await fastest(2, still.time, never);
    expect(still.asked.at(-1)).toEqual([1, 256]);
  });

  it("decides by the rounds there were when the time is up", async () => {
    const { asked, time } = clock([[10], [5]]);
    expect(await fastest(2, time, () => true)).toBe(1);
    expect(asked.length).toBe(4);
  });
});
