import { describe, expect, it } from "vitest";
import { petridishFinalizer } from "../../src/algos/petridish/finalizer.ts";
import { modelDescFromJson, modelDescToJson } from "../../src/desc/json.ts";
import {
  type Alphas,
  finalizeModel,
  type NodePlace,
  type SearchedEdge,
  type SelectEdges,
  selectBest,
  selectRandom,
} from "../../src/nas/finalizers.ts";
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
  readonly finalized?: readonly unknown[];
  readonly picks?: readonly Pick[];
}

/** Cases by the start of their names; the others belong to algorithms that do not exist yet. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  divnas: "divnas",
  gs: "gs",
  xnas: "xnas",
};

describe("golden finalizers", () => {
  reportNone("finalizers", caseNames("misc/finalize"));
  for (const name of caseNames("misc/finalize")) {
    const missing = Object.entries(ALGORITHMS).find(([prefix]) => name.startsWith(`${prefix}_`))?.[1];
    if (missing) {
      it.skip(`${name} (algorithm ${missing} does not exist yet)`, () => {});
      continue;
    }
    it(name, () => {
      const golden = loadJson<FinalizeCase>(`misc/finalize/${name}`);
      const desc = modelDescFromJson(golden.desc);
      expect(desc.maxFinalEdges).toBe(golden.max_final_edges);
      const alphas: Alphas = new Map(Object.entries(golden.alphas));
      const { select, finish } = selection(golden);
      const finalized = name.startsWith("petridish_")
        ? petridishFinalizer(true).finalize(desc, { alphas })
        : finalizeModel(desc, alphas, select);
      finish();
      expect(modelDescToJson(finalized).cell_descs).toEqual(golden.finalized);
      // What is not an edge stays as it was.
      expect({ ...finalized, cellDescs: [] }).toEqual({ ...desc, cellDescs: [] });
    });
  }
});

/** The finalizer a case was made with. */
function selection({ finalizer, picks = [] }: FinalizeCase): { select: SelectEdges; finish: () => void } {
  switch (finalizer) {
    case "Finalizers":
      return { select: selectBest, finish: () => {} };
    case "RandomFinalizers":
      return withPicks(picks);
    default:
      throw new Error(`unknown finalizer ${finalizer}`);
  }
}

/** Draws what the reference has drawn, from candidates that must stand in its order. */
function withPicks(picks: readonly Pick[]): { select: SelectEdges; finish: () => void } {
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
  return { select, finish: () => expect(next, "draws").toBe(picks.length) };
}
