import * as fc from "fast-check";
import { expect, test } from "vitest";
import { pixelClasses } from "../../../src/runtime/webgpu/kernels/dense-blocks.ts";
import { axisBlocks, tapsIn } from "../../../src/runtime/webgpu/kernels/tap-blocks.ts";

const integer = (min: number, max: number) => fc.integer({ min, max });
const windows = fc
  .record({
    kernel: integer(1, 8),
    stride: integer(1, 5),
    padding: integer(0, 5),
    dilation: integer(1, 5),
    extra: integer(0, 20),
    most: integer(2, 5),
  })
  .map(({ extra, ...window }) => ({
    ...window,
    input: Math.max(1, window.dilation * (window.kernel - 1) + 1 - 2 * window.padding) + extra,
  }));

const outputs = ({ input, padding, dilation, kernel, stride }: { [key: string]: number }) =>
  Math.floor((input! + 2 * padding! - dilation! * (kernel! - 1) - 1) / stride!) + 1;

test("blocks of taps meet every product of a convolution once", () => {
  fc.assert(
    fc.property(windows, ({ input, most, ...window }) => {
      const { kernel, stride, padding, dilation } = window;
      const count = outputs({ ...window, input });
      const want: string[] = [];
      for (let o = 0; o < count; o++) {
        for (let tap = 0; tap < kernel; tap++) want.push(`${o} ${tap} ${o * stride - padding + tap * dilation}`);
      }
      const got: string[] = [];
      for (const block of axisBlocks(window, most)) {
        for (let phase = 0; phase < block.step; phase++) {
          for (let i = 0; phase + block.step * i < count; i++) {
            for (let j = 0; j < tapsIn(block, kernel, most); j++) {
              const from = block.origin + stride * phase + stride * block.step * (i + j);
              got.push(`${phase + block.step * i} ${block.first + block.every * j} ${from}`);
            }
          }
        }
      }
      expect(got.sort()).toEqual(want.sort());
    }),
  );
});

test.each([false, true])("classes of pixels meet every product once, backward: %s", (backward) => {
  fc.assert(
    fc.property(windows, ({ input, most, ...window }) => {
      const { kernel, stride, padding, dilation } = window;
      const attrs = {
        stride: [stride, stride],
        padding: [padding, padding],
        dilation: [dilation, dilation],
        groups: 1,
      } as const;
      const size = Math.max(...axisBlocks(window, most).map((block) => tapsIn(block, kernel, most)));
      const count = outputs({ ...window, input });
      const [results, sources] = backward ? [input, count] : [count, input];
      const want: string[] = [];
      for (let o = 0; o < count; o++) {
        for (let tap = 0; tap < kernel; tap++) {
          const i = o * stride - padding + tap * dilation;
          if (i >= 0 && i < input) want.push(backward ? `${i} ${tap} ${o}` : `${o} ${tap} ${i}`);
        }
      }
      const got: string[] = [];
      const seen: number[] = [];
      for (const { start, step, blocks } of pixelClasses(attrs, [kernel, kernel], 0, size, backward)) {
        for (let m = 0; start + step * m < results; m++) {
          seen.push(start + step * m);
          for (const { origin, advance, first, every } of blocks) {
            for (let j = 0; j < size; j++) {
              const tap = first + every * j;
              const from = origin + advance * (m + j);
              if (tap < 0 || tap >= kernel || from < 0 || from >= sources) continue;
              got.push(`${start + step * m} ${tap} ${from}`);
            }
          }
        }
      }
      expect(got.sort()).toEqual(want.sort());
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: results }, (_, index) => index));
    }),
  );
});
