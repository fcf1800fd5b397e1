import { expect, test } from "vitest";
import { quietly } from "../../../src/runtime/webgpu/quiet-wait.ts";

/** Resolves after a time, polled for without pause, as Dawn does. */
function polled(milliseconds: number) {
  const started = performance.now();
  let polls = 0;
  const done = new Promise<number>((resolve) => {
    const poll = () => {
      polls++;
      if (performance.now() - started < milliseconds) setImmediate(poll);
      else resolve(polls);
    };
    setImmediate(poll);
  });
  return { done, started };
}

test("a promise that is polled for is looked at a few times a second, not all the time", async () => {
  const { done } = polled(400);
  // Awake, there are hundreds of polls in a millisecond. The first pauses are short: 2 % of what was waited.
  expect(await quietly(done)).toBeLessThan(2000);
});

test("results and errors come through, and nothing goes on pausing afterwards", async () => {
  expect(await quietly(Promise.resolve(3))).toBe(3);
  await expect(quietly(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  const { done } = polled(50);
  expect(await done).toBeGreaterThan(100);
});

test("timers and other work go on meanwhile", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await quietly(polled(300).done);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
});
