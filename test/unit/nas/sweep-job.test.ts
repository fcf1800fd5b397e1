import { expect, test } from "vitest";
import type { Environment } from "../../../src/nas/environment.ts";
import type { PhaseParts } from "../../../src/nas/phase-parts.ts";
import { readJob, type SweepJob } from "../../../src/nas/sweep-job.ts";

/** A search of a sweep whose folder holds no files. */
function unstarted(): SweepJob {
  const environment = { listFiles: async () => [] } as Partial<Environment> as Environment;
  const place = { reductions: 1, cells: 3, nodes: 2, iteration: 0 };
  return { name: "1_3_2_0", place, folder: "sweep/1/3/2/0", parts: { environment } as PhaseParts };
}

test("a search of a sweep that has not ended has no result", async () => {
  await expect(readJob(unstarted())).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: sweep/1/3/2/0 has no finished search]`,
  );
});
