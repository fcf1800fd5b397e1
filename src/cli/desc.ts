import { extname } from "node:path";
import { type Command, Option } from "commander";
import { type Conf, isExperimentConf, loadConfig, validateConf } from "../config/index.ts";
import { modelDescToArchaiYaml } from "../desc/archai-yaml.ts";
import { networkDescToJson } from "../desc/json.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import { modelDescToYaml, parseModelDesc, parseNetworkDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { readText, writeFileAtomic } from "../host/node/files.ts";
import { builderFor } from "./desc-builders.ts";
import { registerDescStats } from "./desc-stats.ts";
import { describeModel } from "./desc-text.ts";

interface BuildFlags {
  conf: string;
  phase: "search" | "eval";
  template?: string;
  builder?: string;
  json?: boolean;
  allowUnknown?: boolean;
}

type Format = "supernet" | "archai" | "json";

/** Adds `supernet desc build | show | stats | convert`: make, read, weigh and translate descriptions of networks. */
export function registerDesc(program: Command): void {
  const desc = program.command("desc").summary("build, show, weigh and convert network descriptions");
  registerDescStats(desc);
  desc
    .command("build")
    .summary("print the description a conf asks for")
    .description(
      "Build the network description of a conf and print it. Override a value of the conf with --path.to.key value.",
    )
    .argument("[overrides...]", "--path.to.key value ...")
    .requiredOption("--conf <files>", "a conf file, or several joined by ';' (later ones win)")
    .addOption(
      new Option("--phase <phase>", "the network that is searched, or the one that is trained afterwards")
        .choices(["search", "eval"])
        .default("search"),
    )
    .option("--template <file>", "a description whose cells are taken and scaled, such as final_model_desc.yaml")
    .option("--builder <name>", "how nodes are connected; by default what the conf's file name starts with")
    .option("--json", "print JSON instead of YAML")
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (overrides: string[], flags: BuildFlags) => {
      const built = await buildDesc(overrides, flags);
      process.stdout.write(formatDesc(built, flags.json ? "json" : "supernet"));
    });
  desc
    .command("show")
    .summary("print a description for people, with parameters and multiply-adds")
    .argument("<file>", "a description: ours or Archai's YAML, or JSON")
    .option("--size <HxW>", "size of the images (default: what the network is made for, 32x32 for cells)")
    .option("--ops", "list every op with its parameters and multiply-adds")
    .action(async (file: string, flags: { size?: string; ops?: boolean }) => {
      const [height, width] = flags.size === undefined ? [] : parseSize(flags.size);
      process.stdout.write(describeModel(await readDesc(file), { height, width, ops: flags.ops }));
    });
  desc
    .command("convert")
    .summary("translate a description between formats")
    .argument("<in>", "a description: ours or Archai's YAML, or JSON")
    .argument("<out>", "the file to write")
    .addOption(
      new Option("--format <format>", "format to write; by default json for *.json, else supernet").choices([
        "supernet",
        "archai",
        "json",
      ]),
    )
    .action(async (input: string, output: string, flags: { format?: Format }) => {
      const format = flags.format ?? (extname(output) === ".json" ? "json" : "supernet");
      await writeFileAtomic(output, formatDesc(await readDesc(input), format));
    });
}

const readDesc = async (file: string): Promise<NetworkDesc> => parseNetworkDesc(await readText(file), file);

/** @throws SupernetError("desc") for a hand-written network in Archai's format, which has none */
function formatDesc(desc: NetworkDesc, format: Format): string {
  if (format === "json") return `${JSON.stringify(networkDescToJson(desc), null, 2)}\n`;
  if (format === "supernet") return modelDescToYaml(desc);
  if (!isFactory(desc)) return modelDescToArchaiYaml(desc);
  throw new SupernetError("desc", `Archai has no file for ${desc.factory}: convert to supernet or json`);
}

/**
 * The description `supernet desc build` prints.
 * @throws SupernetError "io", "config" or "desc", see `loadConfig`, `validateConf` and `ModelDescBuilder`
 */
async function buildDesc(overrides: readonly string[], flags: BuildFlags): Promise<ModelDesc> {
  const { allowUnknown } = flags;
  const files = { read: readText };
  const conf = await loadConfig(flags.conf, { files, args: overrides, allowUnknown, env: process.env });
  if (isExperimentConf(conf.tree)) validateConf(conf.tree, conf.places);
  const section = sectionAt(conf.tree, ["nas", flags.phase, "model_desc"]);
  const { template: file } = flags;
  const template = file === undefined ? undefined : parseModelDesc(await readText(file), file);
  return builderFor(flags.builder, flags.conf).build(section, template);
}

function sectionAt(tree: Conf, path: readonly string[]): Conf {
  let section: Conf = tree;
  for (const key of path) {
    const next = section[key];
    if (typeof next !== "object" || next === null || Array.isArray(next)) {
      throw new SupernetError("config", `the conf has no section ${path.join("/")}, which describes the network`);
    }
    section = next;
  }
  return section;
}

function parseSize(text: string): [number, number] {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text);
  if (!match) throw new SupernetError("config", `--size is "${text}"; write it as 32x32`);
  const height = Number(match[1]);
  return [height, Number(match[2] ?? height)];
}
