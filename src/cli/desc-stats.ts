import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { findAlgorithm } from "../algos/index.ts";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../config/index.ts";
import { isFactory } from "../desc/network-desc.ts";
import { parseNetworkDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { readText } from "../host/node/files.ts";
import { loadGpuConstants } from "../host/node/gpu.ts";
import { packageRoot } from "../host/node/package-root.ts";
import { modelStats } from "../models/stats.ts";
import type { Algorithm } from "../nas/algorithm.ts";
import { forecastImages, forecastMemory, type MemoryForecast } from "../nas/forecast.ts";
import type { SearchMethod } from "../nas/search-method.ts";
import { costSummary } from "../report/summary.ts";
import { BUFFER_ROLES, type BufferRole } from "../runtime/webgpu/buffers.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import { paperDevice } from "../runtime/webgpu/paper-device.ts";
import { datasetLoader } from "../worker/datasets.ts";
import { nodeHost } from "../worker/node-host.ts";
import { isSupernet, usualSide } from "./desc-text.ts";

type Phase = "search" | "eval";

export interface StatsFlags {
  readonly memory?: boolean;
  readonly conf?: string;
  readonly algo: string;
  readonly phase?: Phase;
  readonly batch?: number;
  readonly adapter: "gpu" | "software";
  readonly json?: boolean;
  readonly allowUnknown?: boolean;
}

/** Adds `supernet desc stats`: what a network costs, and the GPU memory that training it takes. */
export function registerDescStats(desc: Command): void {
  desc
    .command("stats")
    .summary("print what a network costs, with --memory also what training it takes on the device")
    .description(
      "Print parameters and multiply-adds of a network, and with --memory the GPU memory of its training; no device is " +
        "needed. Settings come from a conf; override a value of it with --path.to.key value.",
    )
    .argument("[file]", "a description: ours or Archai's YAML, or JSON (default: the network that the conf searches)")
    .argument("[overrides...]", "--path.to.key value ...")
    .option("--memory", "forecast the memory, by what it is for")
    .option(
      "--conf <files>",
      "a conf file, or several joined by ';' (default: DARTS on CIFAR-10, the paper's settings)",
    )
    .option("--algo <name>", "the algorithm that searches", "darts")
    .addOption(
      new Option("--phase <phase>", "search it or train it (default: search it if it is a supernet)").choices([
        "search",
        "eval",
      ]),
    )
    .option("--batch <n>", "images a step, instead of the conf's", positive)
    .addOption(
      new Option("--adapter <kind>", "what computes: kernels differ, and so does what they put aside")
        .choices(["gpu", "software"])
        .default("gpu"),
    )
    .option("--json", "print JSON, memory in bytes")
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (first: string | undefined, rest: string[], flags: StatsFlags) => {
      const hasFile = first !== undefined && !first.startsWith("--");
      const overrides = hasFile || first === undefined ? rest : [first, ...rest];
      process.stdout.write(await descStats(hasFile ? first : undefined, overrides, flags));
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a positive whole number.");
}

/**
 * What `supernet desc stats` prints.
 * @throws SupernetError "io", "config" or "desc" for what cannot be read, else as `forecastMemory`
 */
export async function descStats(
  file: string | undefined,
  overrides: readonly string[],
  flags: StatsFlags,
): Promise<string> {
  const { algo, memory = false, json = false, adapter } = flags;
  const given = file === undefined ? undefined : parseNetworkDesc(await readText(file), file);
  const phase = flags.phase ?? (given && !isSupernet(given) ? "eval" : "search");
  const conf = await confOf(phase, overrides, flags);
  const algorithm = findAlgorithm(algo);
  const desc = given ?? searched(algorithm).builder(conf.nas.search).build(searchSection(conf, phase));
  const side = isFactory(desc) ? usualSide(desc) : 32;
  const size = { height: side, width: side, affine: phase === "eval" };
  if (memory) await loadGpuConstants();
  const load = forecastImages(datasetLoader(nodeHost()));
  const paper = () => new Engine(paperDevice(adapter));
  const forecast = memory
    ? await forecastMemory(desc, { conf, phase, paper, method: algorithm.method, load })
    : undefined;
  if (json) {
    const { params, macs } = modelStats(desc, size);
    return `${JSON.stringify({ params, macs, ...(forecast && { memory: forecast }) })}\n`;
  }
  return `${[costSummary(desc, size), ...(forecast ? memoryLines(forecast, phase) : [])].join("\n")}\n`;
}

/** @throws SupernetError "config" or "io", see `loadConfig` and `parseExperimentConf` */
async function confOf(phase: Phase, overrides: readonly string[], flags: StatsFlags): Promise<ExperimentConf> {
  const { conf = join(packageRoot(), "confs", "algos", "darts.yaml"), batch, allowUnknown } = flags;
  const args = batch === undefined ? overrides : [...overrides, `--nas.${phase}.loader.train_batch`, String(batch)];
  const loaded = await loadConfig(conf, { files: { read: readText }, args, allowUnknown, env: process.env });
  return parseExperimentConf(loaded.tree, loaded.places);
}

function searchSection(conf: ExperimentConf, phase: Phase): ExperimentConf["nas"]["search"]["model_desc"] {
  if (phase === "search") return conf.nas.search.model_desc;
  throw new SupernetError(
    "config",
    "an evaluation trains what a search has found: name its description, such as full_model_desc.yaml of an " +
      'evaluation, or what "supernet desc build --phase eval --template final_model_desc.yaml" prints',
  );
}

function searched({ name, method }: Algorithm): SearchMethod {
  if (method) return method;
  throw new SupernetError("config", `${name} trains no supernet; name a description to measure`);
}

const ROLE_TEXT: Readonly<Record<BufferRole, string>> = {
  parameters: "parameters",
  gradients: "gradients",
  optimizer: "optimizer state",
  "second order": "second-order step of the alphas",
  temporaries: "activations and other temporaries",
  outputs: "outputs of programs",
  data: "data set and batches",
  other: "uniforms, metrics, sums",
};

function memoryLines({ roles, bytes, buffers, batch, chunks }: MemoryForecast, phase: Phase): string[] {
  const cut = chunks > 1 ? ` in ${chunks} parts` : "";
  const what = phase === "search" ? "searching it" : "training it";
  const rows = BUFFER_ROLES.filter((role) => roles[role] > 0).map((role) => row(ROLE_TEXT[role], roles[role]));
  return [`memory of ${what}, batches of ${batch}${cut}`, ...rows, `${row("total", bytes)} in ${buffers} buffers`];
}

const row = (text: string, bytes: number): string =>
  `  ${text.padEnd(34)} ${(bytes / 2 ** 20).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 }).padStart(9)} MiB`;
