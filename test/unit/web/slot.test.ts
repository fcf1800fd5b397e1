import { afterEach, expect, it, vi } from "vitest";
import { takeSlot } from "../../../src/web/element/slot.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a page without locks, as on plain http, gives every instance the same name", async () => {
  vi.stubGlobal("navigator", {});
  const slots = [await takeSlot("embed"), await takeSlot("embed")];
  expect(slots.map(({ name }) => name)).toEqual(["embed", "embed"]);
  for (const slot of slots) expect(() => slot.release()).not.toThrow();
});
