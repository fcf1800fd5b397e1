import { describe, expect, test } from "vitest";
import { GsModelDescBuilder } from "../../../src/algos/gs/builder.ts";
import { drawsOf } from "../../../src/algos/gs/draw.ts";
import { selectSampled } from "../../../src/algos/gs/finalizer.ts";
import { gs } from "../../../src/algos/gs/index.ts";
import { temperatureOf } from "../../../src/algos/gs/temperature.ts";
import { type EdgeDesc, opDesc } from "../../../src/desc/model-desc.ts";
import { SupernetError } from "../../../src/errors.ts";
import type { Candidate } from "../../../src/nas/finalizers.ts";
import type { SearchConf } from "../../../src/nas/search-method.ts";
import { type Alphas, alphasName, PRIMITIVES } from "../../../src/ops/mixture.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const conv = { chIn: 4, chOut: 4 };
const edge = (input: number, name: string): EdgeDesc => ({
  inputIds: [input],
  opDesc: opDesc(name, { conv, stride: 1 }),
});
const candidate = (input: number, name: string, rank: number): Candidate => ({ edge: edge(input, name), rank });
const PLACE = { cell: 0, node: 0 };

/** What was chosen, edge by edge: `op+op input`. */
const spelt = (edges: readonly EdgeDesc[]) =>
  edges.map(
    ({ inputIds, opDesc: { name, children } }) =>
      `${children?.map((child) => child.name).join("+") ?? name} ${inputIds}`,
  );

describe("selectSampled", () => {
  const edges = [
    { candidates: [candidate(0, "sep_conv_3x3", 0.5), candidate(0, "max_pool_3x3", 0)] },
    { kept: edge(0, "skip_connect") },
    { candidates: [candidate(1, "avg_pool_3x3", 3), candidate(1, "dil_conv_3x3", 2)] },
    { candidates: [candidate(2, "skip_connect", 1)] },
  ];
  /** Takes given choices, and notes what they are made from. */
  function choosing(...choices: readonly number[]) {
    const asked: (readonly number[])[] = [];
    const select = selectSampled(choices.length, () => (logits) => {
      asked.push(logits);
      return choices[asked.length - 1]!;
    });
    return { asked, chosen: (most: number) => spelt(select(edges, most, PLACE)) };
  }

  test("chooses among the ops of all edges by their alphas; kept edges come first and do not count", () => {
    const { asked, chosen } = choosing(2, 0);
    expect(chosen(2)).toEqual(["skip_connect 0", "avg_pool_3x3 1", "sep_conv_3x3 0"]);
    expect(asked).toEqual([
      [0.5, 0, 3, 2, 1],
      [0.5, 0, 3, 2, 1],
    ]);
  });

  test("an edge keeps all ops that were chosen on it, in the order of the primitives", () => {
    const { chosen } = choosing(0, 1, 0);
    expect(chosen(2)).toEqual(["skip_connect 0", "max_pool_3x3+sep_conv_3x3 0"]);
    const select = selectSampled(2, () => {
      let next = 0;
      return () => next++;
    });
    expect(select(edges.slice(0, 1), 2, PLACE)[0]!.opDesc).toEqual({
      name: "multi_op",
      inLen: 1,
      params: { conv },
      children: [edge(0, "max_pool_3x3").opDesc, edge(0, "sep_conv_3x3").opDesc],
      childrenIns: [0, 0],
    });
  });

  test("of too many edges those stay that were chosen most often, then those with the highest alpha", () => {
    expect(choosing(0, 1, 2, 4).chosen(2)).toEqual(["skip_connect 0", "max_pool_3x3+sep_conv_3x3 0", "avg_pool_3x3 1"]);
    expect(choosing(4, 3).chosen(1)).toEqual(["skip_connect 0", "dil_conv_3x3 1"]);
  });

  test("a node that was never searched stays as it is", () => {
    expect(spelt(selectSampled(3, drawsOf(1))([{ kept: edge(1, "skip_connect") }], 1, PLACE))).toEqual([
      "skip_connect 1",
    ]);
  });
});

describe("drawsOf", () => {
  const logits = [0, Math.log(3), Math.log(6)];

  test("takes each choice as often as its softmax says", () => {
    const draw = drawsOf(4)(PLACE);
    const count = 5000;
    const times = [0, 0, 0];
    for (let i = 0; i < count; i++) times[draw(logits)]!++;
    [0.1, 0.3, 0.6].forEach((p, choice) => {
      // Five standard deviations.
      expect(Math.abs(times[choice]! / count - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count));
    });
  });

  test("depends on the seed, the cell and the node alone", () => {
    const choices = (seed: number, place = PLACE) => {
      const draw = drawsOf(seed)(place);
      return Array.from({ length: 40 }, () => draw(logits)).join("");
    };
    const all = [choices(1), choices(2), choices(1, { cell: 1, node: 0 }), choices(1, { cell: 0, node: 1 })];
    expect(new Set(all).size).toBe(4);
    expect(choices(1)).toBe(all[0]);
  });
});

describe("the finalizers of gs", () => {
  const supernet = new GsModelDescBuilder().build(MODEL_DESC);
  const alphasOf = (value: (primitive: string) => number): Alphas =>
    new Map(
      supernet.cellDescs.flatMap(({ id, nodes }) =>
        nodes.flatMap(({ edges }, node) =>
          edges.map((_, at) => [alphasName(id, node, at), PRIMITIVES.map(value)] as const),
        ),
      ),
    );
  const conf = (finalizer: string, quirks: boolean, samples = 2) =>
    ({
      finalizer,
      trainer: { reference_quirks: quirks },
      model_desc: { cell: { gs: { num_sample: samples } } },
    }) as SearchConf;
  const found = (search: SearchConf, alphas: Alphas, seed = 1) =>
    gs
      .method!.finalizer(search, seed)
      .finalize(supernet, { alphas })
      .cellDescs.map(({ nodes }) => nodes.map(({ edges }) => spelt(edges)));

  test("default: the seed decides, and `none` is never chosen", () => {
    const even = alphasOf(() => 0);
    const first = found(conf("default", false), even);
    expect(found(conf("default", false), even)).toEqual(first);
    expect(found(conf("default", false), even, 2)).not.toEqual(first);
    const seeking = found(
      conf("default", false, 20),
      alphasOf((name) => (name === "none" ? 100 : 0)),
    );
    for (const edges of seeking.flat()) {
      expect(edges.join()).not.toContain("none");
      expect(edges.length).toBeLessThanOrEqual(supernet.maxFinalEdges);
    }
  });

  test("default: an op whose alphas are far ahead is chosen everywhere", () => {
    const chosen = found(
      conf("default", false),
      alphasOf((name) => (name === "dil_conv_5x5" ? 50 : 0)),
    );
    expect(new Set(chosen.flat(2).map((text) => text.split(" ")[0]))).toEqual(new Set(["dil_conv_5x5"]));
  });

  test("as the reference: the op whose alpha is largest is taken for the first primitive", () => {
    const chosen = found(
      conf("default", true),
      alphasOf((name) => (name === "dil_conv_5x5" ? 50 : 0)),
    );
    expect(new Set(chosen.flat(2).map((text) => text.split(" ")[0]))).toEqual(new Set(["max_pool_3x3"]));
  });

  test("random: the seed decides, not the alphas", () => {
    const far = alphasOf((name) => (name === "dil_conv_5x5" ? 50 : 0));
    const first = found(conf("random", false), far);
    expect(new Set(first.flat(2).map((text) => text.split(" ")[0])).size).toBeGreaterThan(1);
    expect(found(conf("random", true), far)).toEqual(first);
    expect(found(conf("random", false), far, 2)).not.toEqual(first);
  });

  test("alphas that are not finite choose nothing, in either way", () => {
    for (const quirks of [false, true]) {
      expect(() =>
        found(
          conf("default", quirks),
          alphasOf(() => Number.NaN),
        ),
      ).toThrow(/is not finite/);
    }
  });
});

describe("temperatureOf", () => {
  const temperatures = (epochs: number, section?: object) => {
    const at = temperatureOf({ ...(section && { gs: section }), trainer: { epochs } } as SearchConf);
    return Array.from({ length: epochs }, (_, epoch) => at(epoch));
  };

  test("stays, or falls by the same factor from epoch to epoch", () => {
    expect(temperatures(2)).toEqual([1, 1]);
    expect(temperatures(2, { temperature: 0.5 })).toEqual([0.5, 0.5]);
    expect(temperatures(3, { temperature: 4, min_temperature: 1 })).toEqual([4, 2, 1]);
    expect(temperatures(1, { temperature: 4, min_temperature: 1 })).toEqual([4]);
  });

  test("that rises is refused", () => {
    const rising = () => temperatures(2, { temperature: 0.5, min_temperature: 0.7 });
    expect(rising).toThrow(SupernetError);
    expect(rising).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.gs.min_temperature 0.7 is above nas.search.gs.temperature 0.5; lower it, or leave it out for no change]`,
    );
  });
});
