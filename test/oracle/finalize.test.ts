import { describe, expect, it } from "vitest";
import { selectDiverse } from "../../src/algos/divnas/finalizers.ts";
import { ReferenceGsFinalizer } from "../../src/algos/gs/reference-finalizer.ts";
import { isCandidate, petridishFinalizer } from "../../src/algos/petridish/finalizer.ts";
import { withOwnAlphas } from "../../src/algos/xnas/builder.ts";
import { modelDescFromJson, modelDescToJson } from "../../src/desc/json.ts";
import type { CellDesc, ModelDesc } from "../../src/desc/model-desc.ts";
import {
  byAlphas,
  type NodePlace,
  type SearchedEdge,
  type SelectEdges,
  selectBest,
  selectRandom,
} from "../../src/nas/finalizers.ts";
import type { Finalizer } from "../../src/nas/trained.ts";
import { type Alphas, alphasName } from "../../src/ops/mixture.ts";
import { caseNames, loadJson, reportNone } from "./support.ts";

interface Pick {
  readonly candidates: readonly { readonly input_ids: readonly number[]; readonly op: string }[];
  readonly picked: readonly number[];
}

interface FinalizeCase {
  readonly finalizer: string;
  readonly max_final_edges: number;
  readonly desc: unknown;
  readonly alphas: Readonly<Record<string, readonly number[]>>;
  /** By cell, node and edge. */
  readonly xnas_alphas?: Readonly<Record<string, readonly number[]>>;
  readonly finalized?: readonly unknown[];
  readonly picks?: readonly Pick[];
  /** Gumbel softmax: each sample of each node, as it was drawn, and what from. */
  readonly draws?: readonly { readonly logits: readonly number[]; readonly hard: readonly number[] }[];
  readonly num_sample?: number;
  /** DivNAS: by `<cell>.<node>`, row after row. */
  readonly covs?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

describe("golden finalizers", () => {
  reportNone("finalizers", caseNames("misc/finalize"));
  for (const name of caseNames("misc/finalize")) {
    const golden = loadJson<FinalizeCase>(`misc/finalize/${name}`);
    // The reference has no decision to compare with; divnas.test.ts holds ours to the definition.
    if (golden.finalizer === "DivnasFinalizers") continue;
    it(name, () => {
      const given = modelDescFromJson(golden.desc);
      const desc = golden.xnas_alphas ? withOwnAlphas(given) : given;
      expect(desc.maxFinalEdges).toBe(golden.max_final_edges);
      const { finalizer, finish } = finalizerOf(golden, desc);
      const finalized = finalizer.finalize(desc, { alphas: alphasOf(golden) });
      finish();
      const shared = { ...finalized, cellDescs: finalized.cellDescs.map((cell, i) => sharing(cell, given, i)) };
      expect(modelDescToJson(shared).cell_descs).toEqual(golden.finalized);
      // What is not an edge stays as it was.
      expect({ ...finalized, cellDescs: [] }).toEqual({ ...desc, cellDescs: [] });
    });
  }
});

/** By name. XNAS's ops have alphas of their own, which are not the registered ones. */
function alphasOf({ alphas, xnas_alphas: used }: FinalizeCase): Alphas {
  if (!used) return new Map(Object.entries(alphas));
  return new Map(
    Object.entries(used).map(([place, values]) => {
      const [cell = 0, node = 0, edge = 0] = place.split(".").map(Number);
      return [alphasName(cell, node, edge), values];
    }),
  );
}

/** A cell with alphas from where its description has them. */
const sharing = (cell: CellDesc, { cellDescs }: ModelDesc, index: number): CellDesc => ({
  ...cell,
  trainablesFrom: cellDescs[index]!.trainablesFrom,
});

/** The finalizer a case was made with. */
function finalizerOf(golden: FinalizeCase, { cellDescs }: ModelDesc): Checked {
  const { finalizer, picks = [], draws = [], num_sample = 0, covs = {} } = golden;
  switch (finalizer) {
    case "Finalizers": {
      // The reference's ops say what becomes of them: Petridish's become several.
      const grows = cellDescs.some(({ nodes }) => nodes.some(({ edges }) => edges.some(isCandidate)));
      return { finalizer: grows ? petridishFinalizer(true) : byAlphas(selectBest), finish: () => {} };
    }
    case "DivnasRankFinalizers": {
      const covariances = new Map(Object.entries(covs).map(([place, rows]) => [place, Float64Array.from(rows.flat())]));
      return { finalizer: byAlphas(selectDiverse(covariances, { ranked: true, quirks: true })), finish: () => {} };
    }
    case "RandomFinalizers":
      return withPicks(picks);
    case "GsFinalizers":
      return withDraws(draws, num_sample);
    default:
      throw new Error(`unknown finalizer ${finalizer}`);
  }
}

/** A finalizer that draws what the reference has drawn; `finish` checks that it has drawn all of it. */
interface Checked {
  readonly finalizer: Finalizer;
  readonly finish: () => void;
}

/** From logits that must be the reference's. */
function withDraws(draws: NonNullable<FinalizeCase["draws"]>, samples: number): Checked {
  let next = 0;
  const draw = (logits: readonly number[]) => {
    const { logits: expected, hard } = draws[next++]!;
    expect(logits).toEqual(expected);
    return hard.indexOf(1);
  };
  const finalizer = new ReferenceGsFinalizer(samples, () => draw);
  return { finalizer, finish: () => expect(next, "draws").toBe(draws.length) };
}

/** From candidates that must stand in the reference's order. */
function withPicks(picks: readonly Pick[]): Checked {
  let next = 0;
  const draw = selectRandom((total, count) => {
    const { candidates, picked } = picks[next++]!;
    expect(total).toBe(candidates.length);
    expect(count).toBe(picked.length);
    return picked;
  });
  const select: SelectEdges = (edges: readonly SearchedEdge[], maxFinalEdges: number, place: NodePlace) => {
    const candidates = edges.flatMap((edge) => ("kept" in edge ? [] : edge.candidates));
    const spelt = candidates.map(({ edge }) => ({ input_ids: edge.inputIds, op: edge.opDesc.name }));
    expect(spelt).toEqual(picks[next]?.candidates);
    return draw(edges, maxFinalEdges, place);
  };
  return { finalizer: byAlphas(select), finish: () => expect(next, "draws").toBe(picks.length) };
}
