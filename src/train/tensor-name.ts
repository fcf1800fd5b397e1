import { isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import type { Member } from "../graph/members.ts";
import type { ParamSpec } from "../graph/types.ts";
import { PRIMITIVES } from "../ops/mixture.ts";
import { Arena } from "../runtime/webgpu/arena.ts";
import type { Binding } from "../runtime/webgpu/engine.ts";
import type { BadElement, BadWrite } from "../runtime/webgpu/finite-checks.ts";

// What people call the tensors that lie in a network's buffers.

/** The parameter, gradient or the like that holds an element of an arena; undefined for other buffers. */
export function arenaTensor({ binding, element }: BadElement): string | undefined {
  const arena = Arena.of(binding.buffer);
  if (!arena) return undefined;
  const at = (binding.offset ?? 0) / 4 + element;
  const slot = [...arena.layout.slots.values()].findLast(({ offset }) => offset <= at);
  if (!slot) return arena.label;
  const { spec } = slot;
  const purpose = arena.label.slice(spec.role.length + 1);
  return purpose === "parameters" || spec.role === "state" ? parameterName(spec) : `${purpose} of ${spec.name}`;
}

/** `weight …`, `alphas …` or `running statistics of …`. */
export function parameterName({ name, role }: Pick<ParamSpec, "name" | "role">): string {
  if (role === "state") return `running statistics of ${name.replace(/\.running_stats$/, "")}`;
  return `${role === "alphas" ? "alphas" : "weight"} ${name}`;
}

/** What a command has written: `gradient of …`, `weight …`, `cells.1.dag.0.1… (sep_conv_3x3): result of depthwise_bundle`. */
export function writtenTensor(desc: NetworkDesc, bad: BadWrite): string {
  const { command, binding } = bad;
  const inArena = arenaTensor(bad);
  if (inArena) return inArena;
  const dispatch = command.kind === "kernel" ? command.kernel.dispatch : undefined;
  if (!dispatch?.module) return binding.buffer.label;
  const { shader, members = [], writes } = dispatch;
  const module = (binding === writes[0] && memberAt(members, bad)) || dispatch.module;
  const op = opOf(desc, module);
  return `${module}${op ? ` (${op})` : ""}: result of ${shader}`;
}

/** Whose channel an element of planes of channel quads is; undefined where there are no members. */
function memberAt(members: readonly Member[], { binding, element }: BadElement): string | undefined {
  const modules = members.flatMap(({ module, channels }) => new Array<string>(channels).fill(module));
  const perPlane = bytesOf(binding) / 4 / Math.ceil(modules.length / 4);
  const channel = Math.floor(element / perPlane) * 4 + (element % 4);
  return modules[channel];
}

const bytesOf = ({ buffer, offset = 0, size = buffer.size - offset }: Binding): number => size;

/** The op that a module belongs to, if it is one of an edge's: `cells.0.dag.1.2._wrapped._ops.3.op.1` is the third candidate's. */
function opOf(desc: NetworkDesc, module: string): string | undefined {
  const edge = /^cells\.(\d+)\.dag\.(\d+)\.(\d+)\._wrapped(?:\..*?_ops\.(\d+))?/.exec(module);
  if (!edge || isFactory(desc)) return undefined;
  const [, cell, node, index, candidate] = edge.map(Number) as [number, number, number, number, number];
  const op = desc.cellDescs[cell]?.nodes[node]?.edges[index]?.opDesc;
  if (!op || Number.isNaN(candidate)) return op?.name;
  return op.children?.[candidate]?.name ?? PRIMITIVES[candidate];
}
