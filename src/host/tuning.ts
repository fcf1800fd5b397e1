import type { AdapterSummary } from "./gpu.ts";

/** What tuned choices hold for: an adapter under its driver's name, and the version of this engine. */
export interface TuningAdapter extends AdapterSummary {
  readonly engine: string;
}

/** Tuned choices by key: plain data, see `Tuning.pick`. */
export type TuningChoices = ReadonlyMap<string, unknown>;

/** Where tuned choices outlive a run. None of its methods fails: what goes wrong is told, and the run goes on without. */
export interface TuningStore {
  /** Choices for this adapter; none where nothing is known. */
  load(adapter: TuningAdapter): Promise<TuningChoices>;
  /** Adds choices for this adapter; those of others stay. */
  save(adapter: TuningAdapter, choices: TuningChoices): Promise<void>;
}

const FORMAT = "supernet tuning 1";

const FIELDS = ["vendor", "architecture", "device", "description", "engine"] as const satisfies (keyof TuningAdapter)[];

/** All choices of one adapter. */
export interface TuningEntry {
  readonly adapter: TuningAdapter;
  readonly choices: TuningChoices;
}

/** The five names of an adapter, in a fixed order. */
export const adapterNames = (adapter: TuningAdapter): string[] => FIELDS.map((field) => adapter[field]);

const same = (a: TuningAdapter, b: TuningAdapter) => FIELDS.every((field) => a[field] === b[field]);

/** Choices for `adapter` among those of several. */
export const choicesFor = (entries: readonly TuningEntry[], adapter: TuningAdapter): TuningChoices =>
  entries.find((entry) => same(entry.adapter, adapter))?.choices ?? new Map();

/** `entries` with `choices` added to those of `adapter`. */
export function withChoices(
  entries: readonly TuningEntry[],
  adapter: TuningAdapter,
  choices: TuningChoices,
): TuningEntry[] {
  const others = entries.filter((entry) => !same(entry.adapter, adapter));
  return [...others, { adapter, choices: new Map([...choicesFor(entries, adapter), ...choices]) }];
}

/** A tuning file: JSON with an entry for each adapter, keys in alphabetical order. */
export function tuningText(entries: readonly TuningEntry[]): string {
  const adapters = entries.map(({ adapter, choices }) => ({
    ...Object.fromEntries(FIELDS.map((field) => [field, adapter[field]])),
    choices: Object.fromEntries([...choices].sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
  return `${JSON.stringify({ format: FORMAT, adapters }, undefined, 2)}\n`;
}

/** @returns what is in a tuning file, or undefined if this is none */
export function parseTuning(text: string): TuningEntry[] | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(file) || file.format !== FORMAT || !Array.isArray(file.adapters)) return undefined;
  const entries: TuningEntry[] = [];
  for (const entry of file.adapters as readonly unknown[]) {
    if (!isRecord(entry) || !isRecord(entry.choices)) return undefined;
    if (!FIELDS.every((field) => typeof entry[field] === "string")) return undefined;
    const adapter = Object.fromEntries(FIELDS.map((field) => [field, entry[field]])) as unknown as TuningAdapter;
    entries.push({ adapter, choices: new Map(Object.entries(entry.choices)) });
  }
  return entries;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
