import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { QuietWait } from "../../../src/runtime/webgpu/quiet-wait.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A device whose work takes given times, in milliseconds, from when it is submitted. */
function device() {
  let end = 0;
  let polled = 0;
  const queue = {
    async onSubmittedWorkDone() {
      const left = Math.max(0, end - performance.now());
      polled += left;
      await new Promise((resolve) => setTimeout(resolve, left));
    },
  } as GPUQueue;
  const waiting = new QuietWait(queue);
  return async (work: number) => {
    const started = performance.now();
    end = started + work;
    polled = 0;
    const done = waiting.done();
    await vi.runAllTimersAsync();
    await done;
    return { waited: performance.now() - started, polled };
  };
}

test("the first wait, in which drivers compile, does not make later ones longer", async () => {
  const wait = device();
  expect((await wait(30_000)).waited).toBe(30_000);
  for (let step = 0; step < 5; step++) expect((await wait(1000)).waited).toBe(1000);
});

test("sleeps through most of work that takes as long as before", async () => {
  const wait = device();
  for (const work of [2000, 1000]) expect((await wait(work)).polled).toBe(work);
  for (let step = 0; step < 5; step++) expect(await wait(1000)).toEqual({ waited: 1000, polled: 100 });
});

test("wakes for work that has become shorter, once late and then at its end", async () => {
  const wait = device();
  for (const work of [1000, 1000, 1000]) await wait(work);
  expect((await wait(500)).waited).toBe(900);
  expect(await wait(500)).toEqual({ waited: 500, polled: 500 });
  expect(await wait(500)).toEqual({ waited: 500, polled: 50 });
});

test("the shortest of the last waits decides how long it sleeps, a single long one does not", async () => {
  const wait = device();
  for (const work of [1000, 1000, 5000, 1000]) expect((await wait(work)).waited).toBe(work);
});

test("does not sleep through short work", async () => {
  const wait = device();
  for (let step = 0; step < 4; step++) expect(await wait(10)).toEqual({ waited: 10, polled: 10 });
});
