import { proxy, type Remote } from "comlink";
import { isEnding, onInterrupt } from "../host/node/interrupt.ts";
import { type EngineClient, startEngine } from "../worker/client-node.ts";
import type { RunEvent, RunRequest, RunSummary, SupernetApi } from "../worker/protocol.ts";
import { createProgress, type ProgressDisplay } from "./progress.ts";

// Runs as the command line shows them.

/** Names of a list that is separated by commas. */
export const namesOf = (list: string): string[] => list.split(",").map((name) => name.trim());

export async function sayAdapter(api: Remote<SupernetApi>): Promise<string> {
  const { name } = await api.adapter();
  say(`adapter  ${name}`);
  return name;
}

export interface Shown {
  /** Also the cells that were found and the figures at the end; default true. */
  readonly texts?: boolean;
}

/** Runs to the end, and says how it goes. @throws as `SupernetApi.start` */
export async function runShown(
  request: RunRequest,
  api: Remote<SupernetApi>,
  { texts = true }: Shown = {},
): Promise<RunSummary> {
  const progress = createProgress(process.stdout);
  const running = api
    .start(
      request,
      proxy((event: RunEvent) => show(event, progress, texts)),
    )
    .finally(() => progress.stop());
  // The process ends only when the run has closed its files.
  const off = onInterrupt(async () => {
    progress.stop();
    await api.stop();
    process.stderr.write("interrupted: the same command with --resume auto goes on from here\n");
  });
  try {
    const summary = await running;
    const { eval: evaluation } = summary;
    if (texts && request.phases?.includes("eval") && evaluation) say(evaluation.text);
    return summary;
  } finally {
    off();
  }
}

function show(event: RunEvent, progress: ProgressDisplay, texts: boolean): void {
  switch (event.kind) {
    case "phase":
      say(`${event.phase.padEnd(8)} ${event.folder}`);
      break;
    case "progress":
      progress.update(event);
      break;
    case "found":
      progress.stop();
      if (texts) say(event.text);
      break;
    case "tuning":
      say(event.message);
      break;
    case "warning":
      process.stderr.write(`warning: ${event.message}\n`);
      break;
  }
}

/** Works with an engine, which ends afterwards, and when the process is interrupted. */
export async function withEngine(work: (engine: EngineClient) => Promise<void>): Promise<void> {
  const engine = startEngine();
  const off = onInterrupt(engine.end);
  try {
    await work(engine);
  } finally {
    if (!isEnding()) await engine.end();
    off();
  }
}

export const say = (text: string): boolean => process.stdout.write(`${text}\n`);
