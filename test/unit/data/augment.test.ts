import { expect, test } from "vitest";
import { augmentDispatch, evalAugmentation, trainAugmentation } from "../../../src/data/augment.ts";
import { loadShapes } from "../../../src/data/shapes.ts";
import { untuned } from "../../../src/runtime/webgpu/picks.ts";

test("an augmentation says what it cannot do", async () => {
  const dataset = await loadShapes({ name: "shapes", train_size: 10, test_size: 10 });
  expect(() => trainAugmentation(dataset, -1, "train")).toThrow(
    "loader.cutout is -1; it must be 0 (off) or the side of a square in pixels",
  );
  const wide = evalAugmentation({ ...dataset, channels: 5 });
  expect(() => augmentDispatch(wide, 2, 10, untuned("gpu"))).toThrow("images have 5 channels; 1 to 4 are supported");
});
