import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml, parseModelDesc } from "../desc/yaml.ts";
import type { Environment } from "./environment.ts";

// Several architectures that one search has found, as files of a folder (`final_desc_foldername`).

export interface GalleryEntry {
  /** Of its file, without the extension. */
  readonly name: string;
  readonly desc: ModelDesc;
}

/** Names of so many entries, as Archai gives them, but with as many digits each: files are read in the order of their names. */
export function galleryNames(count: number): string[] {
  const digits = String(Math.max(0, count - 1)).length;
  return Array.from({ length: count }, (_, index) => `model_desc_${String(index).padStart(digits, "0")}`);
}

type Files = Pick<Environment, "writeFile" | "readText" | "listFiles" | "remove">;

/** Replaces what was there. @throws SupernetError("io") */
export async function writeGallery(files: Files, folder: string, entries: readonly GalleryEntry[]): Promise<void> {
  await removeDescriptions(files, folder);
  for (const { name, desc } of entries) await files.writeFile(`${folder}/${name}.yaml`, modelDescToYaml(desc));
}

/** In the order of the names. @throws SupernetError "io" or "desc" for a damaged file */
export async function readGallery(files: Files, folder: string): Promise<GalleryEntry[]> {
  return (await readGalleryTexts(files, folder)).map(([file, text]) => {
    return { name: file.replace(/\.yaml$/, ""), desc: parseModelDesc(text, `${folder}/${file}`) };
  });
}

/** Names and texts of the files, in the order of their names. @throws SupernetError("io") */
export async function readGalleryTexts(
  files: Pick<Files, "readText" | "listFiles">,
  folder: string,
): Promise<(readonly [name: string, text: string])[]> {
  const names = await descriptions(files, folder);
  return Promise.all(names.map(async (name) => [name, await files.readText(`${folder}/${name}`)] as const));
}

/** Replaces what was there. @throws SupernetError("io") */
export async function copyGallery(files: Files, from: string, to: string): Promise<void> {
  await removeDescriptions(files, to);
  for (const [file, text] of await readGalleryTexts(files, from)) await files.writeFile(`${to}/${file}`, text);
}

/** What an earlier search has found, which may be more. */
async function removeDescriptions(files: Files, folder: string): Promise<void> {
  for (const file of await descriptions(files, folder)) await files.remove(`${folder}/${file}`);
}

async function descriptions(files: Pick<Files, "listFiles">, folder: string): Promise<string[]> {
  return (await files.listFiles(folder)).filter((name) => name.endsWith(".yaml"));
}
