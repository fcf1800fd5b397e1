import type { ExperimentConf } from "../../config/index.ts";
import { modelDescToYaml } from "../../desc/yaml.ts";
import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { type GalleryEntry, writeGallery } from "../../nas/gallery.ts";
import { postTrain } from "../../nas/post-train.ts";
import type { Search } from "../../nas/search.ts";
import { sweeping } from "../../nas/search-combinations.ts";
import { checkSweep, isSweep } from "../../nas/sweep-check.ts";
import { RandomModelDescBuilder } from "./builder.ts";
import { drawPicks } from "./draw.ts";
import { drawName, evaluateDraws, seedsOf } from "./evaluate.ts";

/** Inputs that the first node of a cell has to choose from: the outputs of the two cells before. */
const FIRST_INPUTS = 2;

/**
 * Random search, the baseline of Li and Talwalkar 2019 (arXiv:1902.07638): an architecture that nothing was trained for. What
 * it scores says what the search space gives for free, so one draw says little: `nas.search.random.seeds` draws and evaluates
 * several.
 */
export const random: Algorithm = {
  name: "random",
  finalizers: ["default"],
  check: checkDraws,
  search: sweeping(draw),
  evaluate: evaluateDraws,
};

function checkDraws(conf: ExperimentConf): void {
  const { nas } = conf;
  checkSweep(conf);
  if (isSweep(nas.search) && seedsOf(conf) > 1) {
    const remedy = "in a sweep each search draws one: set it to 1, and nas.search.search_iters to the number of draws";
    throw new SupernetError("config", `nas.search.random.seeds is ${seedsOf(conf)}; ${remedy}`);
  }
  const edges = nas.search.model_desc.num_edges_to_sample;
  if (edges !== undefined && edges <= FIRST_INPUTS) return;
  const key = "nas.search.model_desc.num_edges_to_sample";
  const found =
    edges === undefined ? "is missing" : `is ${edges}, but the first node of a cell has ${FIRST_INPUTS} inputs`;
  throw new SupernetError("config", `${key} ${found}; set it to 1 or ${FIRST_INPUTS}`);
}

/** Draw k is what a run with k added to its seed draws first. */
async function draw(parts: Parameters<Search>[0]): ReturnType<Search> {
  const { environment, conf, seed, logger } = parts;
  const { search } = conf.nas;
  const { cell, num_edges_to_sample: edges = FIRST_INPUTS } = search.model_desc;
  const gallery = Array.from({ length: seedsOf(conf) }, (_, k): GalleryEntry => {
    const picks = drawPicks(seed + k, { nodes: cell.n_nodes, edges });
    return { name: drawName(k), desc: new RandomModelDescBuilder(picks).build(search.model_desc) };
  });
  logger.info({ draws: gallery.length });
  const found = gallery[0]!.desc;
  await environment.writeFile(search.full_desc_filename, modelDescToYaml(found));
  await environment.writeFile(search.final_desc_filename, modelDescToYaml(found));
  const trained = await postTrain(found, parts);
  const result = { found, ...(trained && { postTrain: trained }) };
  if (gallery.length === 1) return result;
  await writeGallery(environment, search.final_desc_foldername, gallery);
  return { ...result, gallery, report: `${gallery.length} architectures were drawn; the first is shown` };
}
