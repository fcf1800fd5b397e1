import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { placeOf } from "../../../src/web/element/place.ts";
import { type Slot, takeSlot } from "../../../src/web/element/slot.ts";
import { requestOf, type Setup } from "../../../src/web/state/setup.ts";
import type { RunRequest, UnfinishedRun } from "../../../src/worker/protocol.ts";

// What an element runs where others, or it itself before a reload, have left runs unfinished.

const setup: Setup = { algo: "darts", dataset: "shapes", full: false, seed: "2", overrides: "" };
const asked = requestOf(setup);

/** A run that was cut off, as it is read from a file. */
function left(prefix: string, settings: Partial<Setup> = {}): UnfinishedRun {
  const request: RunRequest = JSON.parse(JSON.stringify(requestOf({ ...setup, ...settings }, prefix)));
  const name = `${request.algo}_${request.dataset}_${prefix}`;
  return { name, request, ended: [], modified: 0 };
}

/** Locks as a browser has them, for one page. */
function locks() {
  const held = new Set<string>();
  return {
    async request(name: string, _: unknown, work: (lock: unknown) => Promise<void> | undefined) {
      if (held.has(name)) return work(null);
      held.add(name);
      await work({ name });
      held.delete(name);
    },
  };
}

beforeEach(() => vi.stubGlobal("navigator", { locks: locks() }));
afterEach(() => vi.unstubAllGlobals());

const place = async (
  unfinished: readonly UnfinishedRun[],
  { own, anew = false }: { own?: Slot; anew?: boolean } = {},
) => {
  const { slot, request } = await placeOf(asked, { own, unfinished, anew });
  expect(request).toEqual({ ...asked, prefix: slot.name, resume: request.resume });
  return [slot.name, request.resume];
};

it("begins where nothing is", async () => {
  expect(await place([])).toEqual(["embed", "fresh"]);
  expect(await place([])).toEqual(["embed-2", "fresh"]);
});

it("goes on with what the same settings have left, or begins that anew when it is told to", async () => {
  const runs = [left("embed", { seed: "7" }), left("embed-2")];
  expect(await place(runs)).toEqual(["embed-2", "require"]);
  expect(await place(runs, { own: { name: "embed-2", release() {} }, anew: true })).toEqual(["embed-2", "fresh"]);
});

it("overwrites nothing that other settings, or other elements, have left", async () => {
  expect(await place([left("embed", { seed: "7" })])).toEqual(["embed-2", "fresh"]);
  await takeSlot("embed");
  expect(await place([left("embed")])).toEqual(["embed-3", "fresh"]);
});

it("leaves its own place to what it has left there by other settings", async () => {
  const own = await takeSlot("embed");
  expect(await place([], { own })).toEqual(["embed", "fresh"]);
  expect(await place([left("embed", { overrides: "--a 1" })], { own })).toEqual(["embed-2", "fresh"]);
  expect(await takeSlot("embed")).toMatchObject({ name: "embed" });
});

it("does not touch runs of the page, nor those of other algorithms", async () => {
  expect(await place([left("toy"), left("embed", { algo: "gs" })])).toEqual(["embed", "fresh"]);
});
