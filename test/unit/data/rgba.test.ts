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
    const planes = rgbaPlanes(image(2, [1, 2, 3], [40, 50, 60], [7, 8, 9], [70, 80, 90]), 3, 2);
    expect(rounded(planes)).toEqual([1, 40, 7, 70, 2, 50, 8, 80, 3, 60, 9, 90]);
  });

  it("takes the square in the middle", () => {
    const grey = (value: number): [number, number, number] => [value, value, value];
    expect(rounded(rgbaPlanes(image(3, grey(10), grey(20), grey(30)), 3, 1))).toEqual([20, 20, 20]);
    expect(rounded(rgbaPlanes(image(1, grey(10), grey(20), grey(30)), 1, 1))).toEqual([20]);
    expect(rounded(rgbaPlanes(image(2, grey(10), grey(20)), 1, 1))).toEqual([10]);
  });

  it("takes the mean where it makes an image smaller, and grows it smoothly", () => {
    const [black, white]: [number, number, number][] = [
      [0, 0, 0],
      [200, 200, 200],
    ];
    expect(rounded(rgbaPlanes(image(2, black!, white!, black!, white!), 1, 1))).toEqual([100]);
    expect(rounded(rgbaPlanes(image(2, black!, white!, black!, white!), 1, 4)).slice(0, 4)).toEqual([0, 50, 150, 200]);
    expect(rounded(rgbaPlanes(image(1, [9, 9, 9]), 1, 3))).toEqual(Array(9).fill(9));
  });

  it("lays what is transparent over white, as an import does", () => {
    const fifth = { data: [200, 100, 50, 51], width: 1, height: 1 };
    expect(rounded(rgbaPlanes(fifth, 3, 1))).toEqual([244, 224, 214]);
  });

  it("weighs colours as eyes do where the network wants grey", () => {
    const grey = (red: number, green: number, blue: number) => rgbaPlanes(image(1, [red, green, blue]), 1, 1)[0];
    expect([grey(255, 0, 0), grey(0, 255, 0), grey(0, 0, 255)]).toEqual([
      expect.closeTo(0.299),
      expect.closeTo(0.587),
      expect.closeTo(0.114),
    ]);
  });
});
