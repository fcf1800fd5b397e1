import { modelDescFromJson } from "../../src/desc/json.ts";
import type { MixtureOptions } from "../../src/ops/context.ts";
import { ALPHAS } from "../../src/ops/mixture.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { Network } from "../../src/train/network.ts";
import { formulaParam, loadJson, loadTensors, type Noise, type Tensor, underPrefix } from "./support.ts";

/** Trajectories end after a few steps; what each step adds in rounding is amplified by the next ones. */
export const TRAJECTORY_TOLERANCE = 3e-4;

export interface StepRecord {
  readonly lr: readonly number[];
  readonly loss: number;
  readonly top1: number;
  readonly grad_norm_before_clip?: readonly number[];
  readonly drop_path_prob?: number;
  /** XNAS: rate and number of rewards of all normal and all reduction cells. */
  readonly ncell_lr?: number;
  readonly rcell_lr?: number;
  readonly ncell_T?: number;
  readonly rcell_T?: number;
  readonly t_ncell?: number;
  readonly t_rcell?: number;
  readonly bilevel?: readonly { readonly lr: number; readonly dw_norm: number; readonly epsilon: number }[];
}

interface Averages {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
}

export interface TrainCase {
  readonly trainer: string;
  readonly note: string | null;
  readonly desc: unknown;
  readonly conf_trainer: TrainerConf;
  readonly droppath: boolean;
  readonly affine: boolean;
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly {
    readonly train: Averages & { readonly start_lr: number; readonly end_lr: number };
    readonly val: Averages | null;
  }[];
  readonly noise: Noise;
}

export interface LoadedCase {
  readonly golden: TrainCase;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

export function loadCase(name: string): LoadedCase {
  return { golden: loadJson<TrainCase>(`train/${name}`), tensors: loadTensors(`train/${name}`) };
}

/** The fixed batches of a case, `train` or `val`, in order. */
export function batchesOf({ tensors }: LoadedCase, set: "train" | "val"): FixedBatch[] {
  const batches: FixedBatch[] = [];
  for (let index = 0; tensors.has(`${set}/x${index}`); index++) {
    const x = tensors.get(`${set}/x${index}`)!;
    batches.push({
      x: x.data,
      y: tensors.get(`${set}/y${index}`)!.data,
      shape: x.shape as [number, number, number, number],
    });
  }
  return batches;
}

/** A feed that also feeds the golden drop-path masks: those of each step in turn, ones while the probability is 0. */
export class MaskedFeed extends FixedFeed {
  override readonly inputs: Readonly<Record<string, GPUBuffer>>;
  readonly #device: GPUDevice;
  readonly #masks: readonly Float32Array<ArrayBuffer>[];
  readonly #steps: readonly StepRecord[];
  #next = 0;
  #step = 0;

  constructor(engine: Engine, loaded: LoadedCase, count: number) {
    super(engine, batchesOf(loaded, "train"));
    this.#device = engine.device;
    this.#steps = loaded.golden.steps;
    const masks = [...underPrefix(loaded.tensors, "mask/")].sort(([a], [b]) => Number(a) - Number(b));
    this.#masks = masks.map(([, { data }]) => Float32Array.from(data));
    this.inputs = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `mask/${index}`,
        engine.buffers.storage(`mask ${index}`, this.samples * 4),
      ]),
    );
  }

  override select(batch: number): { start: number; valid: number } {
    const probability = this.#steps[this.#step++]?.drop_path_prob ?? 0;
    for (const buffer of Object.values(this.inputs)) {
      const mask = probability > 0 ? this.#masks[this.#next++]! : new Float32Array(this.samples).fill(1);
      this.#device.queue.writeBuffer(
        buffer,
        0,
        mask.map((drawn) => drawn / (1 - probability)),
      );
    }
    return super.select(batch);
  }
}

/** The case's network with its starting parameters, as the reference had them. */
export function networkOf(
  engine: Engine,
  { golden, tensors }: LoadedCase,
  chunks = 1,
  mixtures: MixtureOptions = {},
): Network {
  const [batch, , height, width] = batchesOf({ golden, tensors }, "train")[0]!.shape;
  const starts = initialParams({ golden, tensors });
  const shape = {
    divAlphas: [...starts.keys()].some((name) => name.endsWith(ALPHAS)),
    ...mixtures,
    batch: batch / chunks,
    height,
    width,
    affine: golden.affine,
    dropPath: golden.droppath ? ("input" as const) : ("none" as const),
    gumbel: "input" as const,
  };
  const network = new Network(engine, modelDescFromJson(golden.desc), shape);
  const values = new Map<string, ArrayLike<number>>();
  for (const {
    name,
    role,
    shape: [, channels = 0],
  } of network.params) {
    if (role === "state") values.set(name, [...Array(channels).fill(0), ...Array(channels).fill(1)]);
    else values.set(name, starts.get(name)?.data ?? missing(name));
  }
  network.load(values);
  return network;
}

/** `init/*`; a case without starts from the model of the golden data that its note names. */
function initialParams({ golden, tensors }: LoadedCase): Map<string, Tensor> {
  const own = underPrefix(tensors, "init/");
  if (own.size > 0) return own;
  const model = /models\/\w+/.exec(golden.note ?? "")?.[0] ?? missing("init/* or a note that names a model");
  const params = underPrefix(loadTensors(model), "param/");
  const { formula_params: formulas = {} } = loadJson<{
    formula_params?: Record<string, { shape: number[]; scale: number }>;
  }>(model);
  for (const [name, formula] of Object.entries(formulas)) params.set(name, formulaParam(formula));
  return params;
}

function missing(name: string): never {
  throw new Error(`the golden data have no ${name}`);
}
