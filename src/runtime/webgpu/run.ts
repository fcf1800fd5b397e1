import { elements, type Graph, type OpAttrs, type ParamRole, type TensorType } from "../../graph/types.ts";
import type { Feeds } from "../feeds.ts";
import { Arena, ArenaLayout } from "./arena.ts";
import type { Engine } from "./engine.ts";
import type { Kernels } from "./kernel.ts";
import { packPlanes, paddingIsZero, unpackBytes, unpackPlanes } from "./layout.ts";
import { Program } from "./program.ts";
import { packStep, STEP_BYTES } from "./step.ts";
import { submit } from "./submission.ts";
import { Workspace } from "./workspace.ts";

/**
 * Compiles a graph, runs it once and returns every output by name, in row-major NCHW or flat order: the convenient way for
 * tests and one-off evaluation. Training binds programs itself.
 *
 * @param pieces submits to split the run into
 * @param kernels to take instead of all others, in tests of kernels
 * @throws Error when a kernel has written into padding lanes, or an input is missing or of the wrong length.
 */
export async function runGraph(
  engine: Engine,
  graph: Graph,
  feeds: Feeds,
  pieces = 1,
  kernels?: Kernels,
): Promise<Map<string, Float32Array>> {
  const { buffers, device } = engine;
  const workspace = new Workspace(buffers);
  const program = new Program(engine, graph, workspace, kernels);
  const owned: GPUBuffer[] = [];
  const arenas: Arena[] = [];
  const make = (role: ParamRole, purpose: string) => {
    const arena = new Arena(buffers, new ArenaLayout(graph.params, role), `${role} ${purpose}`);
    arenas.push(arena);
    return arena;
  };
  const each = (purpose: string): Record<ParamRole, Arena> => ({
    weights: make("weights", purpose),
    alphas: make("alphas", purpose),
    state: make("state", purpose),
  });
  try {
    const params = each("parameters");
    const grads = each("gradients");
    const next = each("updates");
    for (const arena of Object.values(params))
      device.queue.writeBuffer(arena.buffer, 0, arena.layout.pack(feeds.params));
    const inputs: Record<string, GPUBuffer> = {};
    for (const node of graph.nodes) {
      if (node.op !== "input") continue;
      const { name } = node.attrs as OpAttrs["input"];
      const bytes = packInput(name, node.type, feeds.inputs[name]);
      const buffer = buffers.storage(`input ${name}`, bytes.byteLength);
      owned.push(buffer);
      device.queue.writeBuffer(buffer, 0, bytes);
      inputs[name] = buffer;
    }
    const step = buffers.uniform("step", STEP_BYTES);
    owned.push(step);
    device.queue.writeBuffer(step, 0, packStep(feeds.step ?? {}));

    const bound = await program.bind({ arenas: { params, grads, next }, inputs, step });
    submit(engine, (encoder) => bound.encode(encoder), pieces);

    const results = new Map<string, Float32Array>();
    for (const output of graph.outputs) {
      const type = graph.nodes[output.value]!.type;
      if (output.into) {
        const role = graph.params.find((spec) => spec.name === output.into?.param)!.role;
        const arena = output.into.arena === "grad" ? grads[role] : params[role];
        const { offset, size } = arena.layout.slot(output.into.param);
        const data = await engine.read({ buffer: arena.buffer, offset: offset * 4, size: size * 4 });
        results.set(output.name, new Float32Array(data));
      } else {
        results.set(output.name, unpackOutput(output.name, type, await engine.read(program.output(output.name))));
      }
    }
    bound.dispose();
    return results;
  } finally {
    for (const buffer of owned) buffers.destroy(buffer);
    for (const arena of arenas) arena.dispose();
    program.dispose();
    workspace.dispose();
  }
}

function packInput(
  name: string,
  type: TensorType,
  data: ArrayLike<number> | undefined,
): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  if (data?.length !== elements(type)) {
    throw new Error(
      `input ${name} wants ${elements(type)} elements for [${type.shape.join(", ")}], got ${data?.length ?? "none"}`,
    );
  }
  if (type.layout === "planes") return packPlanes(data, type.shape);
  return type.dtype === "u32" ? Uint32Array.from(data) : Float32Array.from(data);
}

function unpackOutput(name: string, type: TensorType, data: ArrayBuffer): Float32Array {
  if (type.layout === "flat")
    return type.dtype === "u32" ? Float32Array.from(new Uint32Array(data)) : new Float32Array(data);
  if (type.dtype === "u32") return unpackBytes(new Uint32Array(data), type.shape);
  const packed = new Float32Array(data);
  if (!paddingIsZero(packed, type.shape)) throw new Error(`output ${name} has garbage in its padding lanes`);
  return unpackPlanes(packed, type.shape);
}
