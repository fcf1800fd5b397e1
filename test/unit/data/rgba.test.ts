import { describe, expect, it } from "vitest";
import { rgbaPlanes } from "../../../src/data/rgba.ts";

/** An opaque image of these colours, row after row. */
const image = (width: number, ...colours: [number, number, number][]) => ({
  data: colours.flatMap((colour) => [...colour, 255]),
  width,
  height: colours.length / width,
});

const rounded = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 255));

describe("rgbaPlanes", () => {
  it("keeps pixels where the size is right, a plane each for red, green and blue", () => {
    const planes = rgbaPlanes(image(2, [1, 2, 3], [40, 50, 60]), { channels: 3, height: 1, width: 2 });
    expect(rounded(planes)).toEqual([1, 40, 2, 50, 3, 60]);
  });

  it("takes the mean of what a pixel covers, parts of pixels by their share", () => {
    const row = image(3, [30, 0, 0], [60, 0, 0], [90, 0, 0]);
    expect(rounded(rgbaPlanes(row, { channels: 3, height: 1, width: 1 }))).toEqual([60, 0, 0]);
    expect(rounded(rgbaPlanes(row, { channels: 3, height: 1, width: 2 })).slice(0, 2)).toEqual([40, 80]);
  });

  it("repeats pixels where it makes an image larger", () => {
    const planes = rgbaPlanes(image(1, [9, 9, 9]), { channels: 1, height: 2, width: 3 });
    expect(rounded(planes)).toEqual(Array(6).fill(9));
  });

  it("takes what is transparent as black", () => {
    const half = { data: [200, 100, 50, 51], width: 1, height: 1 };
    expect(rounded(rgbaPlanes(half, { channels: 3, height: 1, width: 1 }))).toEqual([40, 20, 10]);
  });

  it("weighs colours as eyes do where the network wants grey", () => {
    const planes = rgbaPlanes(image(3, [255, 0, 0], [0, 255, 0], [0, 0, 255]), { channels: 1, height: 1, width: 3 });
    expect([...planes]).toEqual([expect.closeTo(0.299), expect.closeTo(0.587), expect.closeTo(0.114)]);
  });
});
