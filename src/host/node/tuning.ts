import { isAbsolute, join } from "node:path";
import { SupernetError } from "../../errors.ts";
import { choicesFor, parseTuning, type TuningEntry, type TuningStore, tuningText, withChoices } from "../tuning.ts";
import { readText, writeFileAtomic } from "./files.ts";

/**
 * Tuned choices in a JSON file. It is replaced whole, so that a reader never sees a part of it; of two processes that save at
 * once one may lose its choices and measures again. A file of another kind is told of, and replaced by the next `save`.
 */
export function fileTuningStore(path: string, onWarning: (message: string) => void): TuningStore {
  const read = async (tell: (message: string) => void): Promise<TuningEntry[]> => {
    let text: string;
    try {
      text = await readText(path);
    } catch (error) {
      if (!isMissing(error)) tell(`${messageOf(error)}; kernels are tuned anew`);
      return [];
    }
    const entries = parseTuning(text);
    if (!entries) tell(`${path} does not hold tuned choices of this program; it will be replaced`);
    return entries ?? [];
  };
  return {
    load: async (adapter) => choicesFor(await read(onWarning), adapter),
    async save(adapter, choices) {
      // What is wrong with the file has been told when it was loaded.
      const entries = await read(() => {});
      try {
        await writeFileAtomic(path, tuningText(withChoices(entries, adapter, choices)));
      } catch (error) {
        onWarning(`${messageOf(error)}; what was tuned is lost when this run ends`);
      }
    },
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const isMissing = (error: unknown) =>
  error instanceof SupernetError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";

/** Where a user's tuned choices are kept: `supernet/tuning.json` in the system's folder for caches. */
export function tuningFile(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform,
): string {
  return join(cacheFolder(env, home, platform), "supernet", "tuning.json");
}

function cacheFolder(
  { XDG_CACHE_HOME, LOCALAPPDATA }: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform,
): string {
  // The XDG base directory specification has relative paths ignored.
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (platform === "darwin") return join(home, "Library", "Caches");
  if (platform === "win32") return LOCALAPPDATA || join(home, "AppData", "Local");
  return join(home, ".cache");
}
