import type { NetworkDesc } from "../desc/network-desc.ts";
import type { ParamRole, ParamSpec } from "../graph/types.ts";
import { lowerNetwork } from "../models/network.ts";
import { ArenaLayout } from "../runtime/webgpu/arena.ts";
import type { NetworkShape } from "./graphs.ts";

// What a network's parameters are, wherever they live. This module loads no engine.

export const ROLES: readonly ParamRole[] = ["weights", "alphas", "state"];

/** One of each role, made in the order of `ROLES`. */
export function byRole<T>(make: (role: ParamRole) => T): Record<ParamRole, T> {
  return { weights: make("weights"), alphas: make("alphas"), state: make("state") };
}

/** The parameters of a network, and where they lie in one vector a role. */
export interface Parameters {
  readonly params: readonly ParamSpec[];
  readonly layouts: Readonly<Record<ParamRole, ArenaLayout>>;
}

/** The architecture parameters among a network's values. */
export function alphasOf(
  params: readonly ParamSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Map<string, Float32Array> {
  return new Map(params.flatMap(({ name, role }) => (role === "alphas" ? [[name, values.get(name)!]] : [])));
}

/** @throws SupernetError("desc" or "graph") when the description cannot be lowered */
export function parametersOf(desc: NetworkDesc, shape: NetworkShape): Parameters {
  // Training mode has every parameter, those of the aux tower among them.
  const { params } = lowerNetwork(desc, { ...shape, training: true }).builder.build();
  return { params, layouts: byRole((role) => new ArenaLayout(params, role)) };
}

/** The vector of each role from tensors by name; throws if a parameter is not given. */
export function packParameters(
  { params, layouts }: Parameters,
  tensors: ReadonlyMap<string, ArrayLike<number>>,
): Record<ParamRole, Float32Array<ArrayBuffer>> {
  const missing = params.find(({ name }) => !tensors.has(name));
  if (missing) throw new Error(`no values for ${missing.name}`);
  return byRole((role) => layouts[role].pack(tensors));
}

/**
 * Parameters of some roles by name, in the order of `params`.
 * @param read the vector of a role; one is read after another
 */
export async function readParameters(
  { params, layouts }: Parameters,
  roles: readonly ParamRole[],
  read: (role: ParamRole) => Promise<Float32Array>,
): Promise<Map<string, Float32Array>> {
  const tensors = new Map<string, Float32Array>();
  for (const role of roles) {
    for (const [name, values] of layouts[role].unpack(await read(role))) tensors.set(name, values.slice());
  }
  return new Map(params.filter(({ name }) => tensors.has(name)).map(({ name }) => [name, tensors.get(name)!]));
}
