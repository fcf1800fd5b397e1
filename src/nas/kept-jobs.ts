import { modelDescFromJson } from "../desc/json.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { EpochRecord, PassRecord, RunRecord } from "../train/metrics.ts";
import type { Executor } from "./executor.ts";
import type { JobControl, JobResult, TrainingJob } from "./job.ts";
import { fromJson, toJson } from "./json-numbers.ts";
import { checkpointSpec, type Keeping } from "./keeping.ts";
import { fileExists, type RunFiles } from "./run-files.ts";
import { sha256, sha256OfJson } from "./sha256.ts";

export interface KeptJobsOptions {
  readonly files: RunFiles;
  readonly folder: string;
  /** Take finished jobs from the folder; otherwise all run anew. */
  readonly resume: boolean;
  /** How jobs are kept while they run; absent where only finished ones are. */
  readonly keeping?: Keeping | undefined;
}

/** The file that says that a job is finished; written last. */
interface Finished {
  /** Of the job, see `keyOf`. */
  readonly key: string;
  /** Of the values, so that they and this file belong together. */
  readonly values: string;
  readonly params: readonly ParamSpec[];
  readonly run: RunRecord;
}

/** Of the files of a job; first that without which the others are nothing. */
const ENDINGS = ["json", "safetensors", "yaml"];

/**
 * Runs jobs and keeps what they yield, so that a search that was cut off goes on where it stood. Of each job the folder holds
 * `<name>.yaml` (the network), `<name>.safetensors` (its values) and `<name>.json` (key and metrics, times left out: the same
 * job leaves the same files).
 */
export class KeptJobs {
  readonly #executor: Executor;
  readonly #options: KeptJobsOptions;
  /** Names of jobs that were run, to their ends or not. */
  readonly #begun = new Set<string>();

  constructor(executor: Executor, options: KeptJobsOptions) {
    this.#executor = executor;
    this.#options = options;
  }

  /**
   * @param name of its files, different for each job
   * @throws as `Executor.run`, and SupernetError("io") where its files cannot be written
   */
  async run(name: string, job: TrainingJob, control: JobControl): Promise<JobResult> {
    const { files, resume, keeping } = this.#options;
    this.#begun.add(name);
    const key = await keyOf(job);
    const kept = resume ? await this.#read(name, key) : undefined;
    if (kept) return kept;
    const checkpoint = keeping && checkpointSpec(keeping, name, key);
    const result = await this.#executor.run({ ...job, checkpoint }, control);
    await this.#write(name, key, job, result);
    if (checkpoint) await files.remove(checkpoint.path);
    return result;
  }

  /**
   * Removes what is kept of jobs, those of an earlier run too. To be called when none runs.
   * @param which those of that name; by default all
   */
  async forget(which: (name: string) => boolean = () => true): Promise<void> {
    const { files, folder } = this.#options;
    const there = await files.listFiles(folder);
    // The folder may be one that others write to.
    const finished = there.flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
    const ours = finished.filter((name) => ENDINGS.every((ending) => there.includes(`${name}.${ending}`)));
    for (const name of new Set([...this.#begun, ...ours])) {
      if (!which(name)) continue;
      for (const ending of ENDINGS) await files.remove(`${folder}/${name}.${ending}`);
    }
  }

  /** What is kept of a job; undefined where that is nothing, or of another job, or damaged. */
  async #read(name: string, key: string): Promise<JobResult | undefined> {
    const { files, folder } = this.#options;
    const path = `${folder}/${name}.json`;
    if (!(await fileExists(files, path))) return undefined;
    try {
      const finished = fromJson(await files.readText(path)) as Finished;
      if (finished.key !== key) return undefined;
      const values = await files.readBytes(`${folder}/${name}.safetensors`);
      return (await sha256(values)) === finished.values ? { ...finished, values } : undefined;
    } catch {
      // The job runs again and replaces it.
      return undefined;
    }
  }

  async #write(name: string, key: string, job: TrainingJob, { run, params, values }: JobResult): Promise<void> {
    const { files, folder } = this.#options;
    await files.writeFile(`${folder}/${name}.yaml`, modelDescToYaml(modelDescFromJson(job.desc)));
    await files.writeFile(`${folder}/${name}.safetensors`, values);
    const finished: Finished = { key, values: await sha256(values), params, run: withoutTimes(run) };
    await files.writeFile(`${folder}/${name}.json`, `${toJson(finished, 1)}\n`);
  }
}

/** Part of every key: to be raised when the same job comes to yield something else. */
const FORMAT = 1;

/** A hash of all that decides what a job yields. */
async function keyOf(job: TrainingJob): Promise<string> {
  const { start } = job;
  // Of a search's conf only these two reach the training; the rest is mostly paths.
  const conf = job.kind === "supernet" && { trainer: job.conf.trainer, loader: job.conf.loader };
  const from = start && { seed: start.seed, values: await sha256(start.values) };
  return sha256OfJson({ FORMAT, ...job, conf, start: from });
}

function withoutTimes(run: RunRecord): RunRecord {
  const pass = (record: PassRecord): PassRecord => ({ ...record, startTime: 0, endTime: 0 });
  const epochs = run.epochs.map(
    ({ train, val, ...rest }): EpochRecord => ({ ...rest, train: pass(train), ...(val && { val: pass(val) }) }),
  );
  return { ...run, startTime: 0, endTime: 0, epochs };
}
