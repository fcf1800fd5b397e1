import { type LoadedConf, type LoadOptions, loadConfig } from "../../../src/config/index.ts";

/** Loads a conf whose files are given as texts; `main.yaml` unless `spec` says otherwise. */
export function load(
  texts: Record<string, string> | string,
  options: Partial<LoadOptions> & { spec?: string } = {},
): Promise<LoadedConf> {
  const files = typeof texts === "string" ? { "main.yaml": texts } : texts;
  const read = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error("no such file");
    return text;
  };
  return loadConfig(options.spec ?? "main.yaml", { ...options, files: { read } });
}

/** The message of the error that loading ends with. */
export async function failure(loading: Promise<unknown>): Promise<string> {
  try {
    await loading;
  } catch (error) {
    return String(error);
  }
  throw new Error("expected an error");
}
