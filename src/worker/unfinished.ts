import type { FileInfo, FileTree } from "../host/files.ts";
import { PHASES, type Phase, runFolder } from "../nas/phase.ts";
import { readUnfinished, type UnfinishedPhase } from "../nas/phase-record.ts";
import { readPlace } from "../nas/snapshot-file.ts";
import type { RunRequest, Standing, UnfinishedRun } from "./protocol.ts";
import { nameOf } from "./request.ts";
import { runFiles } from "./run-files.ts";
import { filesByRun, readSummary } from "./runs.ts";

/** Runs that were cut off and can be gone on with, newest first. What cannot be read is left out. */
export async function unfinishedRuns(files: FileTree, root: string): Promise<UnfinishedRun[]> {
  const found = [...(await filesByRun(files, root))].map(([name, own]) => unfinishedRun(files, root, { name, own }));
  const runs = (await Promise.all(found)).filter((run) => run !== undefined);
  return runs.sort((a, b) => b.modified - a.modified);
}

/** A run by name, and its files. */
interface Found {
  readonly name: string;
  readonly own: readonly FileInfo[];
}

async function unfinishedRun(files: FileTree, root: string, { name, own }: Found): Promise<UnfinishedRun | undefined> {
  const folder = (phase: Phase) => runFolder(root, name, phase);
  const records: Partial<Record<Phase, UnfinishedPhase | undefined>> = {};
  for (const phase of PHASES) records[phase] = await readUnfinished(runFiles(files), folder(phase));
  // A search that begins takes the record of an older evaluation away: the last one says what was asked for.
  const last = PHASES.findLast((phase) => records[phase]);
  const request = last && (records[last]!.request as RunRequest);
  if (!request || nameOf(request) !== name) return undefined;
  const { phases = PHASES } = request;
  // A run that has ended has a summary in the folder of its last phase.
  if (await readSummary(files, folder(phases.at(-1) ?? "eval"))) return undefined;
  const standing = records[last]!.ended
    ? undefined
    : await readStanding(files, root, { name, own }, last, records[last]!);
  return {
    name,
    request,
    ended: phases.filter((phase) => records[phase]?.ended),
    ...(standing && { standing }),
    modified: Math.max(...own.map(({ modified }) => modified)),
  };
}

const CHECKPOINT = /\.(\w+)\.safetensors$/;

/** Where the training stands whose checkpoint was written last; undefined where there is none that can be read. */
async function readStanding(
  files: FileTree,
  root: string,
  { name, own }: Found,
  phase: Phase,
  { conf }: UnfinishedPhase,
): Promise<Standing | undefined> {
  const folder = `${runFolder(root, name, phase)}/`;
  const checkpoints = own
    .map(({ path, modified }) => ({ path: `${root}/${path}`, modified }))
    .filter(({ path }) => path.startsWith(folder) && CHECKPOINT.test(path));
  const latest = checkpoints.sort((a, b) => b.modified - a.modified)[0];
  if (!latest) return undefined;
  const { path } = latest;
  const training = CHECKPOINT.exec(path)![1]!;
  try {
    const { epoch } = await readPlace((bytes) => files.readStart(path, bytes), path);
    const epochs = epochsOf(training, conf);
    return { phase, training, epoch, ...(epochs !== undefined && { epochs }) };
  } catch {
    // Whoever goes on is told what is wrong with it.
    return undefined;
  }
}

/** Epochs of the trainer with that title; undefined where there is none. */
function epochsOf(title: string, conf: UnfinishedPhase["conf"]): number | undefined {
  const key = Object.keys(conf).find((path) => path.endsWith(".trainer.title") && conf[path] === title);
  return key === undefined ? undefined : Number(conf[key.replace(/title$/, "epochs")]);
}
