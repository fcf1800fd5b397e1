/** An image by its path: where it lies decides what it is. */
export interface PlacedImage {
  /** Index among the paths that were given. */
  readonly file: number;
  /** Index among the classes. */
  readonly label: number;
  /** Which part the folders say it belongs to, if they do. */
  readonly split?: "train" | "test";
}

export interface Layout {
  /** Names of the class folders, in natural order: `2` before `10`. */
  readonly classes: readonly string[];
  /** Ordered by class and path, whatever order the paths came in. */
  readonly images: readonly PlacedImage[];
  /** Files that are left out; hidden ones are not worth a word. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** The folders around the class folders, `pets/train` without its `train`; empty where there are none. */
  readonly folder: string;
}

/** Files that systems leave in folders, and copies of resource forks in archives. */
const LITTER = /^(\..*|__MACOSX|@eaDir|thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r)$/i;
const IMAGE_NAMES = /\.(jpe?g|jfif|pjpeg|pjp|png|apng|gif|webp|bmp|dib|avif)$/i;
const SPLIT_FOLDERS: readonly [RegExp, "train" | "test"][] = [
  [/^train(ing)?$/i, "train"],
  [/^(test(ing)?|val(id(ation)?)?)$/i, "test"],
];

/** True for a file that is no part of a data set and not worth mentioning. */
export function isLitter(path: string): boolean {
  return path.split("/").some((part) => LITTER.test(part));
}

/**
 * Finds classes and splits in the paths of files: class folders (`cat/1.jpg`, images at any depth below), within any
 * number of enclosing folders, below or around folders named `train` and `test` (`val`, `valid` and `validation` are
 * test folders too). Whether a file is an image is judged by its name here, later by its bytes.
 *
 * @param paths with folders as `/`
 */
export function layOut(paths: readonly string[]): Layout {
  const skipped: { path: string; reason: string }[] = [];
  const candidates: Candidate[] = [];
  for (const [file, path] of paths.entries()) {
    if (isLitter(path)) continue;
    const reason = notAnImage(path);
    if (reason === undefined) candidates.push({ file, path, parts: path.split("/").filter((part) => part !== "") });
    else skipped.push({ path, reason });
  }
  const root = classRoot(candidates);
  const found: { file: number; path: string; name: string; split: "train" | "test" | undefined }[] = [];
  for (const { file, path, parts } of candidates) {
    const place = inRoot(parts, root)
      ? placeOf(parts.slice(root.folders.length, -1), root.splits)
      : "is in no class folder";
    if (typeof place === "string") skipped.push({ path, reason: place });
    else found.push({ file, path, ...place });
  }
  const classes = [...new Set(found.map(({ name }) => name))].sort(naturalOrder);
  const labels = new Map(classes.map((name, label) => [name, label]));
  const images = found
    .sort((a, b) => labels.get(a.name)! - labels.get(b.name)! || naturalOrder(a.path, b.path))
    .map(({ file, name, split }) => ({ file, label: labels.get(name)!, ...(split && { split }) }));
  return { classes, images, skipped, folder: root.folders.join("/") };
}

interface Candidate {
  readonly file: number;
  readonly path: string;
  readonly parts: readonly string[];
}

/** The folder whose folders are the classes, or `splits` that hold them. */
interface Root {
  readonly folders: readonly string[];
  readonly splits: boolean;
}

/** Follows single folders down to the one that branches. Images beside a folder on the way are in no class. */
function classRoot(candidates: readonly Candidate[]): Root {
  const folders: string[] = [];
  for (;;) {
    const depth = folders.length;
    const below = candidates.filter(({ parts }) => parts.length > depth + 1 && inRoot(parts, { folders }));
    const names = new Set(below.map(({ parts }) => parts[depth]!));
    // A folder `train` of images, beside `car` and `plane`, is a class; one of folders is a split.
    const hasFolders = (name: string) => below.some(({ parts }) => parts[depth] === name && parts.length > depth + 2);
    const splits = [...names].filter((name) => splitOf(name) !== undefined);
    if (splits.some(hasFolders) || (splits.length > 1 && splits.length === names.size))
      return { folders, splits: true };
    const [only] = names;
    if (names.size !== 1 || !hasFolders(only!)) return { folders, splits: false };
    // cat/train/1.jpg, cat/test/2.jpg: a single class, whose folders are no classes.
    const inner = below.map(({ parts }) => (parts.length > depth + 2 ? parts[depth + 1]! : undefined));
    const classOfSplits = below.every(
      ({ parts }, i) => inner[i] !== undefined && splitOf(inner[i]) && parts.length === depth + 3,
    );
    if (classOfSplits) return { folders, splits: false };
    folders.push(only!);
  }
}

function inRoot(parts: readonly string[], { folders }: { readonly folders: readonly string[] }): boolean {
  return folders.every((folder, i) => parts[i] === folder) && parts.length > folders.length;
}

/** Class and split by the folders below the root, outermost first; a reason where they name no class. */
function placeOf(folders: readonly string[], splits: boolean) {
  const [outer, inner] = folders;
  if (outer === undefined) return "is in no class folder";
  if (!splits) return { name: outer, split: inner === undefined ? undefined : splitOf(inner) };
  const split = splitOf(outer);
  if (split === undefined) return "is beside the train and test folders";
  return inner === undefined ? "is in no class folder" : { name: inner, split };
}

function splitOf(folder: string): "train" | "test" | undefined {
  return SPLIT_FOLDERS.find(([pattern]) => pattern.test(folder))?.[1];
}

/** Files without an extension may be images; their bytes will tell. */
function notAnImage(path: string): string | undefined {
  const extension = /[^/](\.[^./\s]{1,10})$/.exec(path)?.[1];
  if (extension === undefined || IMAGE_NAMES.test(path)) return undefined;
  return /^\.(tiff?|hei[cf]|svg|psd|ico|jp2|jxl|dng|cr2|nef|raw|ppm|pgm|tga)$/i.test(extension)
    ? `is a ${extension} image, which cannot be read here; convert it to JPEG or PNG`
    : `is no image by its name (${extension})`;
}

const collator = new Intl.Collator("en", { numeric: true });

function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
