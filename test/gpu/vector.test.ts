import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { Tuning } from "../../src/runtime/webgpu/kernel.ts";
import {
  addScaled,
  GlobalNorm,
  scale,
  shift,
  subtractHessianTerm,
  virtualStep,
} from "../../src/runtime/webgpu/vector.ts";
import { clipFactor } from "../../src/train/optimizers/reference.ts";
import { testEngine } from "./engine.ts";
import { layoutOf, occupied, relativeError, VectorBench } from "./vectors.ts";

// Elementwise f32 arithmetic of a few operations.
const TOLERANCE = 1e-6;

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

const wave = (speed: number) => (index: number) => Math.sin(speed * index + speed);

describe.each([
  { name: "small", sizes: [1], bn: [] },
  { name: "gaps", sizes: [7, 64, 65, 130], bn: [3, 16] },
  { name: "only batch norm", sizes: [], bn: [5] },
  { name: "two grid rows", sizes: [8 * 4 * 65_536 + 5], bn: [9], tuning: { workgroup: 8, pixels: 1 } },
])("vectors: $name", ({ sizes, bn, tuning: given }) => {
  let tuning: Tuning;
  let bench: VectorBench;
  let inside: boolean[];
  beforeAll(() => {
    const layout = layoutOf(sizes, bn);
    bench = new VectorBench(engine, layout);
    tuning = { ...engine.tuning, ...given };
    inside = occupied(layout);
  });
  afterAll(() => bench.dispose());

  /** Compares an arena with `value` in its tensors and zero in the gaps. */
  async function expectHolds(arena: Parameters<VectorBench["read"]>[0], value: (index: number) => number) {
    const actual = await bench.read(arena);
    let worst = 0;
    let gaps = 0;
    for (let index = 0; index < actual.length; index++) {
      if (inside[index]) worst = Math.max(worst, Math.abs(actual[index]! - value(index)));
      else gaps = Math.max(gaps, Math.abs(actual[index]!));
      if (Number.isNaN(actual[index]!)) worst = Number.POSITIVE_INFINITY;
    }
    expect(worst).toBeLessThan(TOLERANCE);
    expect(gaps).toBe(0);
  }
  const a = wave(0.7);
  const b = wave(1.3);
  const c = wave(0.31);

  it("accumulates and scales", async () => {
    const [x, y] = [bench.arena(a), bench.arena(b)];
    await bench.run(addScaled(tuning, x, y, 0.5), scale(tuning, x, -2));
    await expectHolds(x, (i) => -2 * (a(i) + 0.5 * b(i)));
  });

  it("takes the virtual step with the weights' rates, each range with its decay", async () => {
    const [w, m, g, out] = [bench.arena(a), bench.arena(b), bench.arena(c), bench.arena()];
    bench.setStep({ lr: 0.2, momentum: 0.9, alphaLr: 7, alphaMomentum: 7 });
    const decays = { decay: 0.5, decayBatchNorm: 0.125 };
    await bench.run(virtualStep(tuning, out, { weights: w, momentum: m, gradient: g, decays, step: bench.step }));
    const { batchNormStart } = bench.layout;
    const decay = (i: number) => (i < batchNormStart ? 0.5 : 0.125);
    await expectHolds(out, (i) => a(i) - 0.2 * (0.9 * b(i) + c(i) + decay(i) * a(i)));
  });
});

describe("norms", () => {
  // Sums of squares in f32, in parts of a few hundred.
  const NORM_TOLERANCE = 2e-6;
  let bench: VectorBench;
  beforeAll(() => {
    bench = new VectorBench(engine, layoutOf([100, 70_000], [33]));
  });
  afterAll(() => bench.dispose());

  it("clips several vectors by their common norm, and leaves short ones alone", async () => {
    const [x, y] = [bench.arena(wave(0.7)), bench.arena(wave(1.3))];
    const before = [await bench.read(x), await bench.read(y)];
    for (const bound of [3, 1e6]) {
      bench.write(x, before[0] as Float32Array<ArrayBuffer>);
      bench.write(y, before[1] as Float32Array<ArrayBuffer>);
      const norm = new GlobalNorm(engine.buffers, engine.tuning, [x, y], { clip: bound }, "norm");
      await bench.run(...norm.dispatches, scale(engine.tuning, x, norm), scale(engine.tuning, y, norm));
      const expected = clipFactor(before, bound);
      expect(relativeError(await bench.read(norm.result), [expected.norm, expected.factor])).toBeLessThan(
        NORM_TOLERANCE,
      );
      expect(expected.factor === 1).toBe(bound === 1e6);
      for (const [index, arena] of [x, y].entries()) {
        const scaled = before[index]!.map((value) => value * expected.factor);
        expect(relativeError(await bench.read(arena), scaled)).toBeLessThan(NORM_TOLERANCE);
      }
      norm.dispose();
    }
  });

  it("yields the same bits every time", async () => {
    const x = bench.arena(wave(0.123));
    const norm = new GlobalNorm(engine.buffers, engine.tuning, [x], { clip: 1 }, "norm");
    const results = new Set<string>();
    for (let run = 0; run < 5; run++) {
      await bench.run(...norm.dispatches);
      results.add((await bench.read(norm.result)).join());
    }
    expect(results.size).toBe(1);
    norm.dispose();
  });

  it("steps a fixed length along a direction and differentiates there", async () => {
    const [w, dw, plus, minus] = [bench.arena(wave(0.7)), bench.arena(wave(1.3)), bench.arena(), bench.arena()];
    const target = bench.arena(wave(0.2));
    const [was, direction, first] = [await bench.read(w), await bench.read(dw), await bench.read(target)];
    const norm = new GlobalNorm(engine.buffers, engine.tuning, [dw], { stepOf: 0.01 }, "epsilon");
    const along = { base: w, direction: dw, norm };
    bench.setStep({ lr: 0.5 });
    await bench.run(
      ...norm.dispatches,
      shift(engine.tuning, plus, { ...along, factor: 1 }),
      shift(engine.tuning, minus, { ...along, factor: -1 }),
    );
    const epsilon = 0.01 / clipFactor([direction], 1).norm;
    expect(relativeError((await bench.read(norm.result)).slice(1), [epsilon])).toBeLessThan(NORM_TOLERANCE);
    expect(
      relativeError(
        await bench.read(plus),
        was.map((x, i) => x + epsilon * direction[i]!),
      ),
    ).toBeLessThan(TOLERANCE);
    expect(
      relativeError(
        await bench.read(minus),
        was.map((x, i) => x - epsilon * direction[i]!),
      ),
    ).toBeLessThan(TOLERANCE);

    // Gradients whose difference is far above rounding, so that the quotient is what is tested.
    const [up, down] = [bench.arena(wave(0.9)), bench.arena(wave(0.4))];
    const [high, low] = [await bench.read(up), await bench.read(down)];
    await bench.run(
      subtractHessianTerm(engine.tuning, target, { plus: up, minus: down, epsilon: norm, step: bench.step }),
    );
    const expected = first.map((x, i) => x - (0.5 * (high[i]! - low[i]!)) / (2 * epsilon));
    expect(relativeError(await bench.read(target), expected)).toBeLessThan(2 * NORM_TOLERANCE);
    norm.dispose();
  });

  it("leaves the second-order term out where the direction is zero", async () => {
    const [w, dw, out, target] = [bench.arena(wave(0.7)), bench.arena(), bench.arena(), bench.arena(wave(0.2))];
    const norm = new GlobalNorm(engine.buffers, engine.tuning, [dw], { stepOf: 0.01 }, "epsilon");
    const before = await bench.read(target);
    await bench.run(
      ...norm.dispatches,
      shift(engine.tuning, out, { base: w, direction: dw, norm, factor: 1 }),
      subtractHessianTerm(engine.tuning, target, { plus: out, minus: w, epsilon: norm, step: bench.step }),
    );
    expect(await bench.read(out)).toEqual(await bench.read(w));
    expect(await bench.read(target)).toEqual(before);
    expect([...(await bench.read(norm.result))]).toEqual([0, 0]);
    norm.dispose();
  });
});
