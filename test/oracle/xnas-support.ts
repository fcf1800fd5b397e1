import { xnas } from "../../src/algos/xnas/index.ts";
import type { SearchConf } from "../../src/nas/search-method.ts";
import { alphasName } from "../../src/ops/mixture.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import type { Feed } from "../../src/train/feed.ts";
import type { StepHookFactory } from "../../src/train/trainer.ts";
import type { Tensor } from "./support.ts";
import type { LoadedCase } from "./train-support.ts";

interface CellJson {
  readonly id: number;
  readonly trainables_from: number;
}

/**
 * A case of XNAS as what it really is: every cell has alphas of its own, which are those that its ops use; the registered
 * parameters never change.
 */
export function withRealAlphas({ golden, tensors }: LoadedCase): LoadedCase {
  const desc = golden.desc as { readonly cell_descs: readonly CellJson[] };
  const own = { ...desc, cell_descs: desc.cell_descs.map((cell) => ({ ...cell, trainables_from: cell.id })) };
  const real = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const used = /^(step\d+)\/xnas_alphas\/(\d+)\.(\d+)\.(\d+)$/.exec(name);
    if (used) real.set(`${used[1]}/param/${alphasName(Number(used[2]), Number(used[3]), Number(used[4]))}`, tensor);
    else if (!/^(step|final).*alphas_arch_param$/.test(name)) real.set(name, tensor);
  }
  for (const { id, trainables_from } of desc.cell_descs) {
    for (const [name, tensor] of tensors) {
      const start = `init/cells.${trainables_from}.`;
      if (name.startsWith(start) && name.endsWith("alphas_arch_param")) {
        real.set(name.replace(start, `init/cells.${id}.`), tensor);
      }
    }
  }
  return { golden: { ...golden, desc: own }, tensors: real };
}

/** The conf of a case. Whether it evicts is not written down, but an alpha of 0 says so. */
export function xnasConf(trainer: TrainerConf, { tensors }: LoadedCase): SearchConf {
  const evicted = [...tensors].some(([name, { data }]) => name.endsWith("alphas_arch_param") && data.includes(0));
  return { trainer, xnas: { to_evict: evicted } } as unknown as SearchConf;
}

export const xnasHook = (trainer: TrainerConf, loaded: LoadedCase, val: Feed): StepHookFactory =>
  xnas.method!.hook!(xnasConf(trainer, loaded), val);
