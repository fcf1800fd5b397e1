import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { baselineOf, parseBaseline, withLine } from "../bench/baseline.ts";
import { type BenchLine, benchLine } from "../bench/line.ts";
import { median, rounded } from "../bench/numbers.ts";
import { measurePeaks, type Peaks } from "../bench/peaks.ts";
import { familyTimes, type Profile, profileStep } from "../bench/profile.ts";
import { stepFlops } from "../bench/step.ts";
import { dispatchesText, familiesText, lineText } from "../bench/text.ts";
import { StepTimer } from "../bench/timer.ts";
import { WORKLOADS, type WorkloadName } from "../bench/workloads.ts";
import { SupernetError } from "../errors.ts";
import { adapterName } from "../host/gpu.ts";
import { readText, writeFileAtomic } from "../host/node/files.ts";
import { requestGpu } from "../host/node/gpu.ts";
import { packageRoot } from "../host/node/package-root.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import type { TuneSummary } from "../runtime/webgpu/tuner.ts";
import { atLeast } from "./at-least.ts";
import { findPeer, PEER_NAMES, type Peer, type PeerLine, type PeerName, runPeer } from "./bench-peer.ts";
import { openTuner, type TuneFlags, tuneOptions } from "./tune.ts";

interface BenchFlags extends TuneFlags {
  readonly workload: WorkloadName;
  readonly repeats: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly json?: boolean;
  /** Of --no-pass. */
  readonly pass: readonly string[];
  readonly peer?: PeerName;
  readonly peers?: string;
  readonly profile?: "family" | "dispatch";
  readonly hostOnly?: boolean;
  readonly baseline?: string;
  readonly saveBaseline?: boolean;
}

/** Adds `supernet bench`: times a step of a supernet, alone or beside another library. */
export function registerBench(program: Command): void {
  const [tune, tuneFile] = tuneOptions();
  program
    .command("bench")
    .summary("time a supernet step, profile it, compare it with other libraries")
    .description("Time one step of a DARTS supernet on this machine's adapter. bench/README.md explains the figures.")
    .addOption(new Option("--workload <name>", "what to time").choices(Object.keys(WORKLOADS)).default("first"))
    .option("--repeats <n>", "timed steps", atLeast(1), 5)
    .option("--warmup <n>", "steps before them, the very first included", atLeast(1), 2)
    .addOption(new Option("--no-pass <names...>", "leave out passes of the compiler").default([]))
    .addOption(tune)
    .addOption(tuneFile)
    .addOption(new Option("--profile [what]", "time every dispatch").choices(["family", "dispatch"]).preset("family"))
    .addOption(new Option("--peer <name>", "run another library's step in turn").choices(PEER_NAMES))
    .option("--peers <folder>", "where the peers are (default: SUPERNET_PEERS, or ../shared/peers)")
    .option("--rounds <n>", "how often this program and the peer take turns", atLeast(1), 2)
    .option(
      "--host-only",
      "run on a device that computes nothing: what host_ms and first_step_ms then say is the host's",
    )
    .option("--baseline <file>", "what to compare with (default: bench/baseline.json of the checkout)")
    .option("--save-baseline", "put this run into the baseline")
    .option("--json", "print JSON, a line each for this program, the peer and their ratio")
    .action(bench);
}

/** @throws SupernetError "io" or "config" for what stands against it before anything is timed, else as `StepTimer` */
async function bench(flags: BenchFlags): Promise<void> {
  checkFlags(flags);
  const { workload: name, pass: without, hostOnly = false } = flags;
  const peer = flags.peer && findPeer(flags.peer, flags.peers);
  const file = flags.baseline ?? join(packageRoot(), "bench/baseline.json");
  const baseline = existsSync(file) ? parseBaseline(await readText(file), file) : [];

  // Dawn rounds timestamps to 0.1 ms, which is longer than most dispatches, unless told not to.
  const dawn = hostOnly ? ["backend=null"] : ["disable-dawn-features=timestamp_quantization"];
  const gpu = await requestGpu({ dawn });
  let tuned = 0;
  const onTuned = ({ milliseconds }: TuneSummary) => {
    tuned += milliseconds;
  };
  const engine = new Engine(gpu, await openTuner(flags, gpu, note, { onWarning: note, onTuned }));
  // Dawn's null device has 512 MB; commands are as many for one image as for a batch.
  const workload = hostOnly ? { ...WORKLOADS[name], batch: 1 } : WORKLOADS[name];
  const timer = await StepTimer.start(engine, workload, { without });
  const peerLines = await takeTurns(timer, peer, flags);
  const timing = timer.result();
  // What a step costs is asked, not what it cost to find that out.
  const firstStep = timing.firstStep - tuned;
  const peaks = hostOnly ? NO_PEAKS : await measurePeaks(engine, gpu.kind);
  const flops = hostOnly ? 0 : stepFlops(workload);
  const adapter = hostOnly ? "none" : adapterName(gpu.info);
  const line = benchLine({
    workload: name,
    adapter,
    timing: { ...timing, firstStep },
    peaks,
    flops,
    without,
    tune: flags.tune,
  });
  say(flags.json ? JSON.stringify(line) : lineText(line, baselineOf(baseline, line)));
  sayPeer(line, peerLines, flags);
  if (flags.profile) {
    const profile = await profileStep(engine, timer.record(), PROFILE_RUNS);
    const texts = [
      familiesText(profile, peaks),
      ...(flags.profile === "dispatch" ? [dispatchesText(profile, peaks)] : []),
    ];
    say(flags.json ? JSON.stringify(profileJson(profile, flags.profile)) : texts.join("\n"));
  }
  if (flags.saveBaseline) await writeFileAtomic(file, withLine(baseline, line));
  timer.dispose();
  await gpu.dispose();
}

const NO_PEAKS: Peaks = { gflops: 0, gigabytes: 0 };

/** Times of dispatches are medians over so many runs of the step. */
const PROFILE_RUNS = 3;

/** Beside the results, which may be JSON. */
const note = (line: string) => process.stderr.write(`${line}\n`);

const say = (text: string) => process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);

/** @throws SupernetError("config") for flags that say nothing together */
function checkFlags({ workload, pass, hostOnly, peer, profile, tune, saveBaseline }: BenchFlags): void {
  const wrong = (why: string) => new SupernetError("config", why);
  if (peer && workload === "full") throw wrong("the peers have no workload full: use first, toy or mid");
  if (hostOnly && (peer || profile || tune !== "off")) {
    throw wrong("--host-only computes nothing: leave --peer, --profile and --tune out");
  }
  if (saveBaseline && (hostOnly || pass.length > 0 || tune !== "off")) {
    throw wrong("a baseline is a plain run: leave --host-only, --no-pass and --tune out, or --save-baseline");
  }
}

/** Times the step in rounds, the peer after each; without a peer there is one round. */
async function takeTurns(timer: StepTimer, peer: Peer | undefined, flags: BenchFlags): Promise<PeerLine[]> {
  const { workload, repeats, warmup, rounds } = flags;
  const lines: PeerLine[] = [];
  for (let round = 0; round < (peer ? rounds : 1); round++) {
    await timer.run(repeats, warmup - 1);
    if (peer) lines.push(await runPeer(peer, { workload, repeats, warmup }));
  }
  return lines;
}

/** The peer's lines and how many times as long as this program it takes, by the median of its medians. */
function sayPeer(line: BenchLine, peerLines: readonly PeerLine[], { json }: BenchFlags): void {
  const [first] = peerLines;
  if (!first) return;
  for (const peerLine of peerLines) say(json ? JSON.stringify(peerLine) : peerText(peerLine));
  const ratio = rounded(median(peerLines.map(({ median_ms }) => median_ms)) / line.median_ms, 2);
  const lossDifference = rounded(first.loss - line.loss, 6);
  const { workload } = line;
  const compared = { workload, peer: first.peer, peer_over_ours: ratio, loss_difference: lossDifference };
  say(
    json ? JSON.stringify(compared) : `${first.peer} takes ${ratio} times as long; losses differ by ${lossDifference}`,
  );
}

const peerText = ({ peer, adapter, median_ms, min_ms, loss }: PeerLine) =>
  `${peer} on ${adapter}: median ${median_ms} ms, min ${min_ms} ms, loss ${loss}`;

const profileJson = (profile: Profile, what: "family" | "dispatch") => ({
  clock: profile.clock,
  families: familyTimes(profile.dispatches),
  ...(what === "dispatch" && { dispatches: profile.dispatches }),
});
