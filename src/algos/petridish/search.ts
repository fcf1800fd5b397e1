import { modelDescToYaml } from "../../desc/yaml.ts";
import { galleryNames, writeGallery } from "../../nas/gallery.ts";
import { inOrder } from "../../nas/in-order.ts";
import { KeptJobs } from "../../nas/kept-jobs.ts";
import type { PhaseParts } from "../../nas/phase-parts.ts";
import type { SearchResult } from "../../nas/search.ts";
import { type GrowthParts, grow, type Member, memberOf, trainSeed } from "./growth.ts";
import { countNetwork, frontier } from "./points.ts";
import { Pool, type Standing } from "./pool.ts";
import { writePool, writeSeeds } from "./pool-files.ts";
import { poolReport } from "./pool-report.ts";
import { seedNetworks } from "./seeds.ts";

/**
 * Petridish (Hu et al. 2019, arXiv:1905.13360) with Archai's seeds, hull and sampling: trains the seeds; each network that is
 * trained joins a pool, and one from near the lower convex hull of the pool (error over multiply-adds) grows by a node. Ends
 * when a network has more than `max_madd` multiply-adds or the pool more than `max_hull_points` networks.
 *
 * Networks join in the order of their numbers, so the outcome depends neither on how many jobs run at once nor on which ends
 * first, unlike in Archai. Finished jobs lie in `checkpoints_foldername`: with `nas.search.resume` they are not run again.
 *
 * Writes the networks near the hull as a gallery, `final_model_desc.yaml`, the largest of them, and what `writePool` does.
 */
export async function searchPetridish(parts: PhaseParts): Promise<SearchResult> {
  const { environment, conf } = parts;
  const { search } = conf.nas;
  const eps = search.petridish.convex_hull_eps;
  const members = await growPool(parts);
  const { near } = frontier(members, eps);
  const names = galleryNames(near.length);
  const gallery = near.map(({ desc }, index) => ({ name: names[index]!, desc }));
  await writeGallery(environment, search.final_desc_foldername, gallery);
  const found = near.at(-1)!.desc;
  await environment.writeFile(search.final_desc_filename, modelDescToYaml(found));
  await writePool(environment, conf.common.expdir!, { points: members, eps });
  return { found, gallery, report: poolReport(members, eps) };
}

/** The networks of the search, in the order in which they joined. */
async function growPool(parts: PhaseParts): Promise<readonly Member[]> {
  const { environment, executor, conf, seed, dataset, logger } = parts;
  const {
    search,
    search: { petridish, resume },
  } = conf.nas;
  const seeds = seedNetworks(search, seed);
  const counted = seeds.map((desc) => countNetwork(desc, dataset));
  await writeSeeds(environment, conf.common.expdir!, counted);
  const kept = new KeptJobs(executor, {
    files: environment,
    folder: petridish.checkpoints_foldername,
    resume,
    keeping: parts.keeping,
  });
  if (!resume) await kept.forget();
  const growth: GrowthParts = { kept, conf, seed, image: dataset, onSearchEpoch: environment.onSearchEpoch };
  const pool = new Pool<Member>(seeds.length, petridish, seed);
  logger.pushd("search");
  await inOrder<Member>({
    executor,
    control: environment,
    start: (index, control, foremost) => {
      const desc = seeds[index];
      if (desc) return trainSeed(desc, index + 1, growth, control);
      const next = pool.growths[index - seeds.length];
      return next && grow(next, index + 1, growth, { ...control, foremost });
    },
    fold: async (member) => {
      logJoin(parts, member, pool.join(member));
      await logger.flush();
      return !pool.ended;
    },
  });
  logger.popd();
  // Whether jobs that the pool had no place for were over when it was full is a matter of time.
  await kept.forget((name) => memberOf(name) > pool.members.length);
  return pool.members;
}

function logJoin({ logger }: PhaseParts, member: Member, standing: Standing): void {
  const { id, stage, parentId, reductions, cells, nodes, madd, params, train, top1 } = member;
  logger.pushd(id);
  logger.info({ job_stage: stage, parent_id: parentId, reductions, cells, nodes });
  logger.info({ madd, params, train_top1: train.top1, val_top1: top1, standing });
  logger.popd();
}
