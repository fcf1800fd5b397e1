import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Graph } from "../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";

/**
 * Tolerances, relative to the largest magnitude of the tensor that is compared.
 *
 * Golden values are f32 results of another summation order. A single op adds up at most some hundred products, each
 * rounded to 6e-8, so 1e-5 leaves two orders of magnitude; what a wrong formula changes is larger by orders. Whole models
 * chain dozens of ops whose rounding errors batch norm amplifies, hence 1e-4.
 *
 * Two things are pure rounding and need more. Tensors that are zero in exact arithmetic (the gradient of a batch-norm
 * bias that another batch norm removes, say): a gradient below the tolerance times the case's largest gradient is compared with
 * that scale instead of its own. And batch norm over very few values, which magnifies rounding: where the golden data
 * say how far the reference's own f32 run is from its f64 run, `NOISE_FACTOR` times that is allowed.
 */
export const TOLERANCE = { ops: 1e-5, models: 1e-4 } as const;
const NOISE_FACTOR = 30;

/** `noise` of a golden file: by tensor, [largest |f32 - f64| of the reference, largest |value|]. */
export type Noise = Readonly<Record<string, readonly [number, number]>>;

const root = process.env.ORACLE_DIR ?? join(import.meta.dirname, "data");
const KINDS = ["confs", "descs", "misc", "models", "ops", "train"];
if (!KINDS.some((kind) => existsSync(join(root, kind)))) {
  throw new Error(`no golden data: ${root} has none of the folders ${KINDS.join(", ")}`);
}

/**
 * Reports what the folder has no cases of. Another folder may hold fewer kinds, so there the report is a skipped test;
 * the project's own holds all, so that a test that finds none is broken.
 */
export function reportNone(kind: string, cases: { readonly length: number }): void {
  if (cases.length > 0) return;
  if (process.env.ORACLE_DIR === undefined) it(`has ${kind}`, () => expect.fail(`${root} has no ${kind}`));
  else it.skip(`${kind} (the folder has none)`, () => {});
}

/** Names of the cases in a folder of the golden data: its JSON files without ending. */
export function caseNames(folder: string): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** A JSON file of the golden data, with its spelling of non-finite numbers resolved. */
export function loadJson<T>(path: string): T {
  const special: Record<string, number> = { ".nan": Number.NaN, ".inf": Infinity, "-.inf": -Infinity };
  const revive = (_: string, value: unknown) => (typeof value === "string" ? (special[value] ?? value) : value);
  return JSON.parse(readFileSync(join(root, `${path}.json`), "utf8"), revive) as T;
}

/** The path of a file of the golden data. */
export const oraclePath = (path: string): string => join(root, path);

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All tensors of a safetensors file of the golden data. */
export function loadTensors(path: string): Map<string, Tensor> {
  const bytes = readFileSync(join(root, `${path}.safetensors`));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const copy = new Uint8Array(bytes.subarray(start + data_offsets[0], start + data_offsets[1])).buffer;
    tensors.set(name, { shape, data: dtype === "I32" ? new Int32Array(copy) : new Float32Array(copy) });
  }
  return tensors;
}

/** The tensors whose names start with `prefix`, without it. */
export function underPrefix(tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> {
  const selected = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(selected.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** What ours calls the golden tensor `name`: running mean and variance are the halves of one tensor here. */
export function ourValue(values: ReadonlyMap<string, ArrayLike<number>>, name: string): ArrayLike<number> | undefined {
  const statistic = /^(.*)\.running_(mean|var)$/.exec(name);
  if (!statistic) return values.get(name);
  const both = values.get(`${statistic[1]}.running_stats`);
  if (!both) return undefined;
  const half = both.length / 2;
  return statistic[2] === "mean" ? Array.from(both).slice(0, half) : Array.from(both).slice(half);
}

/** Values of a graph's parameters: golden parameters, and running statistics from the golden buffers. */
export function paramFeeds(
  graph: Graph,
  params: ReadonlyMap<string, Tensor>,
  buffers: ReadonlyMap<string, Tensor>,
): Record<string, ArrayLike<number>> {
  return Object.fromEntries(
    graph.params.map(({ name, role, shape, init }) => {
      if (role !== "state") return [name, params.get(name)?.data ?? missing(name)];
      const norm = name.slice(0, -".running_stats".length);
      const mean = buffers.get(`${norm}.running_mean`)?.data;
      const variance = buffers.get(`${norm}.running_var`)?.data;
      if (mean && variance) return [name, [...mean, ...variance]];
      // Models do not store what every batch norm starts with.
      if (buffers.size > 0 || init.kind !== "running_stats") return missing(name);
      const channels = shape[1] ?? 0;
      return [name, [...Array<number>(channels).fill(0), ...Array<number>(channels).fill(1)]];
    }),
  );
}

function missing(name: string): never {
  throw new Error(`the golden data have no ${name}`);
}

export interface Backend {
  readonly name: string;
  run(graph: Graph, feeds: Feeds): Promise<Map<string, ArrayLike<number>>>;
}

// Loaded when first used: cases of the reference backend run without a native module.
async function runOnWebGpu(graph: Graph, feeds: Feeds): Promise<Map<string, ArrayLike<number>>> {
  const [{ runGraph }, { testEngine }] = await Promise.all([
    import("../../src/runtime/webgpu/run.ts"),
    import("../gpu/engine.ts"),
  ]);
  return runGraph(await testEngine(), graph, feeds);
}

/** What golden cases run on: the definition of every op, and the engine. */
export const backends: readonly Backend[] = [
  { name: "reference", run: async (graph, feeds) => evaluateReference(graph, feeds) },
  { name: "webgpu", run: runOnWebGpu },
];

export function largest(values: ArrayLike<number>): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) result = Math.max(result, Math.abs(values[i] ?? 0));
  return result;
}

/** Collects differences and fails once, naming every tensor that is off. */
export class Comparison {
  readonly #failures: string[] = [];
  readonly #tolerance: number;
  #compared = 0;

  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /** @param bounds scale: largest gradient of the case, for gradients; noise: the reference's own error. See TOLERANCE */
  close(
    name: string,
    actual: ArrayLike<number> | undefined,
    expected: ArrayLike<number>,
    { scale = 0, noise = 0 }: { scale?: number; noise?: number } = {},
  ): void {
    this.#compared++;
    if (actual?.length !== expected.length) {
      this.#failures.push(`${name}: ${actual?.length ?? "no"} elements instead of ${expected.length}`);
      return;
    }
    const own = largest(expected);
    const relative = this.#tolerance * (own < this.#tolerance * scale ? scale : own);
    const allowed = Math.max(relative, NOISE_FACTOR * noise);
    let worst = 0;
    for (let i = 0; i < expected.length; i++) {
      const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
      // A NaN must stay the worst: nothing compares with it.
      if (!(difference <= worst) && !Number.isNaN(worst)) worst = difference;
    }
    if (!(worst <= allowed)) this.#failures.push(`${name}: off by ${worst}, allowed ${allowed}, largest ${own}`);
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  finish(): void {
    expect(this.#failures, "tensors that differ").toEqual([]);
    expect(this.#compared, "tensors compared").toBeGreaterThan(0);
  }
}

/** A tensor that the golden data do not store but define: element k is a hash of k, between -scale/2 and scale/2. */
export function formulaParam({ shape, scale }: { shape: readonly number[]; scale: number }): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const unit = (k: number) => (Math.imul(k, 2654435761) >>> 0) / 2 ** 32;
  return { shape, data: Float32Array.from({ length: count }, (_, k) => (unit(k) - 0.5) * scale) };
}
