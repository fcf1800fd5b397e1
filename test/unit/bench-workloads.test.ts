import { describe, expect, it } from "vitest";
import { counterHash, hashUniform } from "../../src/bench/counter-hash.ts";
import { stepFlops } from "../../src/bench/step.ts";
import { startingValues, WORKLOADS, workloadBatch, workloadDesc, workloadShape } from "../../src/bench/workloads.ts";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { graphFlops } from "../../src/graph/flops.ts";
import { planes } from "../../src/graph/types.ts";
import { lowerModel } from "../../src/ops/model.ts";

// The expected numbers are those of the peers' own program.

describe("numbers from a counter", () => {
  it("are the peers'", () => {
    expect([...counterHash(3, 4)]).toEqual([2362182655, 1718308648, 713297955, 3634126969]);
    expect([...counterHash(1000, 2)]).toEqual([1514127687, 3088957615]);
    expect([...hashUniform(1, 3, Math.sqrt(3))]).toEqual([
      -0.14168483018875122, -1.2426353693008423, -0.8656347393989563,
    ]);
  });
});

describe("a workload starts as the peers'", () => {
  const start = (name: "first" | "mid") => {
    const desc = workloadDesc(WORKLOADS[name]);
    const { params } = lowerModel(desc, { ...workloadShape(WORKLOADS[name]), training: true }).builder.build();
    const values = startingValues(desc, params);
    const weights = params.filter(({ role }) => role === "weights").map((spec) => values.get(spec.name)!);
    return { values, weights };
  };
  const squares = (tensors: readonly Float32Array[]) =>
    tensors.reduce((sum, data) => data.reduce((inner, value) => inner + value * value, sum), 0);
  const count = (tensors: readonly Float32Array[]) => tensors.reduce((sum, { length }) => sum + length, 0);

  it("in all weights of first", () => {
    const { values, weights } = start("first");
    expect(weights.length).toBe(199);
    expect(count(weights)).toBe(124_426);
    expect(squares(weights)).toBeCloseTo(1735.4893619361044, 6);
    const two = (name: string) => [...values.get(name)!.slice(0, 2)];
    expect(two("model_stems.1._op.0.weight")).toEqual([0.02279943786561489, 0.17917807400226593]);
    expect(two("cells.1.dag.0.0._wrapped._ops.2._op.conv_1.weight")).toEqual([
      -0.16433191299438477, -0.06791368126869202,
    ]);
    expect(two("cells.2.dag.1.2._wrapped._ops.6.op.2.weight")).toEqual([0.09601859003305435, 0.062410905957221985]);
    expect(two("logits_op._op.bias")).toEqual([-0.06066964566707611, -0.06801649928092957]);
  });

  it("in the alphas of both kinds of cells", () => {
    const { values } = start("first");
    const alphas = (edge: string) => values.get(`${edge}._wrapped.alphas_arch_param`)!;
    expect(alphas("cells.0.dag.0.0")[0]).toBe(-0.00032404492958448827);
    expect(alphas("cells.0.dag.1.2")[1]).toBe(-0.0001484882814111188);
    expect(alphas("cells.1.dag.0.0")[0]).toBe(0.0009954090928658843);
    expect(alphas("cells.1.dag.1.2")[1]).toBe(-0.0001317049318458885);
  });

  it("in all weights of mid", () => {
    const { weights } = start("mid");
    expect(weights.length).toBe(1398);
    expect(count(weights)).toBe(1_931_818);
    expect(squares(weights)).toBeCloseTo(18448.544674237884, 5);
  });

  it("in its batches", () => {
    const [train, val] = [workloadBatch(WORKLOADS.first, "train"), workloadBatch(WORKLOADS.first, "val")];
    expect(Array.from(train.y).slice(0, 6)).toEqual([5, 8, 5, 9, 4, 3]);
    expect(Array.from(val.y).slice(0, 6)).toEqual([4, 9, 2, 2, 0, 6]);
    expect(train.x[0]).toBe(-0.14168483018875122);
    expect(val.x[1]).toBe(0.40292081236839294);
  });
});

describe("flops", () => {
  it("of a convolution are two for each output, tap and channel, and as many for each gradient", () => {
    const g = new GraphBuilder();
    const x = g.input("x", planes([2, 6, 8, 8]));
    const param = (name: string, shape: number[]) =>
      g.param({ name, role: "weights", shape, init: { kind: "constant", value: 0 } });
    const depthwise = param("depthwise", [6, 1, 3, 5]);
    const dense = param("dense", [10, 6, 1, 1]);
    const y = g.add("conv2d", [x, depthwise], { stride: [2, 2], padding: [1, 2], dilation: [1, 1], groups: 6 });
    const z = g.add("conv2d", [g.add("relu", [y], {}), dense], {
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
    });
    const forward = 2 * (2 * 6 * 4 * 4) * 15 + 2 * (2 * 10 * 4 * 4) * 6;
    expect(graphFlops(g.build())).toBe(forward);
    const dz = g.input("dz", planes([2, 10, 4, 4]));
    const { builder } = differentiate(g.build(), [{ value: z, gradient: dz }], [x, depthwise, dense]);
    expect(graphFlops(builder.build())).toBe(3 * forward);
  });

  it("of a bundle are those of its branches", () => {
    const g = new GraphBuilder();
    const x = g.input("x", planes([2, 8, 8, 8]));
    const weight = (name: string, shape: number[]) =>
      g.param({ name, role: "weights", shape, init: { kind: "constant", value: 0 } });
    const load = { relu: false };
    const odd = { start: 4, channels: 4, kernel: [3, 5], padding: [1, 2], dilation: [1, 1] } as const;
    const even = { start: 0, channels: 8, kernel: [3, 3], padding: [2, 2], dilation: [2, 2] } as const;
    const depthwise = { branches: [odd, even], stride: [2, 2], load } as const;
    const wide = g.add("depthwise", [x, weight("odd", [4, 1, 3, 5]), weight("even", [8, 1, 3, 3])], depthwise);
    const forward = 2 * (2 * 4 * 4) * (4 * 15 + 8 * 9);
    expect(graphFlops(g.build())).toBe(forward);
    const dw = g.add("depthwise_dw", [x, wide], depthwise);
    expect(g.type(dw).shape).toEqual([4 * 15 + 8 * 9]);
    expect(graphFlops(g.build())).toBe(2 * forward);

    const branches = [
      { start: 0, inputs: 4, outputs: 6, offset: [0, 0] },
      { start: 4, inputs: 8, outputs: 2, offset: [1, 1] },
    ] as const;
    const pointwise = { branches, stride: [2, 2], load } as const;
    const weights = [weight("first", [6, 4, 1, 1]), weight("second", [2, 8, 1, 1])];
    const y = g.add("pointwise", [wide, ...weights], { ...pointwise, size: [2, 2] });
    const product = 2 * (2 * 2 * 2) * (4 * 6 + 8 * 2);
    expect(graphFlops(g.build())).toBe(2 * forward + product);
    g.add("pointwise_dx", [y, ...weights], { ...pointwise, shape: g.type(wide).shape });
    expect(graphFlops(g.build())).toBe(2 * forward + 2 * product);
  });

  it("of the workloads are the peers', less the gradient by the images that nobody asks for", () => {
    const byImages = (batch: number) => 2 * 2 * (batch * 48 * 32 * 32) * 27;
    expect((stepFlops(WORKLOADS.first) + byImages(32)) / 1e9).toBeCloseTo(9.4, 1);
    expect((stepFlops(WORKLOADS.mid) + byImages(8)) / 1e9).toBeCloseTo(14.5, 1);
    expect(stepFlops(WORKLOADS.full)).toBe(8 * stepFlops(WORKLOADS.mid));
    // Two of the five passes need no gradients of weights.
    const [once, all] = [stepFlops(WORKLOADS.first), stepFlops(WORKLOADS.toy)];
    expect(all).toBeGreaterThan(3 * once);
    expect(all).toBeLessThan(5 * once);
  });
});
