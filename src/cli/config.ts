import type { Command } from "commander";
import { isExperimentConf, loadConfig, toJson, toYaml, validateConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { readText } from "../host/node/files.ts";

interface ConfigFlags {
  json?: boolean;
  allowUnknown?: boolean;
  /** From --schema or --no-schema; undefined when neither is given. */
  schema?: boolean;
}

/**
 * Adds `supernet config 'FILE[;FILE…]' [--a.b.c value …]`, which prints a conf as it is used: included files merged,
 * copies carried out, overrides applied. The conf of an experiment is also checked against the schema; keys may be
 * missing, since many of Archai's files are laid over others.
 */
export function registerConfig(program: Command): void {
  program
    .command("config")
    .summary("print a resolved conf")
    .description(
      "Print a conf with its includes, copies and overrides carried out. Override a value with --path.to.key value, " +
        "for example --nas.search.trainer.epochs 3.",
    )
    .argument("<files>", "a conf file, or several joined by ';' (later ones win)")
    .argument("[overrides...]", "--path.to.key value ...")
    .option("--json", 'print JSON instead of YAML (non-finite numbers as ".nan", ".inf", "-.inf")')
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .option("--schema", "demand a complete conf of an experiment; by default a part of one will do")
    .option("--no-schema", "do not check against the schema")
    .allowUnknownOption()
    .action(async (files: string, overrides: string[], flags: ConfigFlags) => {
      process.stdout.write(`${await renderConfig(files, overrides, flags)}\n`);
    });
}

/**
 * What `supernet config` prints.
 *
 * @throws SupernetError "io" or "config", see `loadConfig` and `parseExperimentConf`
 */
export async function renderConfig(files: string, overrides: readonly string[], flags: ConfigFlags): Promise<string> {
  if (files.startsWith("--")) {
    throw new SupernetError("config", "name the conf file first: supernet config FILE --path.to.key value");
  }
  const { allowUnknown } = flags;
  const conf = await loadConfig(files, { files: { read: readText }, args: overrides, allowUnknown, env: process.env });
  if (flags.schema ?? isExperimentConf(conf.tree)) validateConf(conf.tree, conf.places, { partial: !flags.schema });
  return flags.json ? toJson(conf.tree) : toYaml(conf.root).trimEnd();
}
