import { SupernetError } from "../../errors.ts";
import type { DispatchSpec } from "./kernel.ts";
import { ShaderLibrary } from "./shaders.ts";

/** What decides which pipeline a dispatch runs. */
export type PipelineSpec = Pick<DispatchSpec, "shader" | "entry" | "constants" | "conditions"> & {
  readonly reads: readonly unknown[];
  readonly writes: readonly unknown[];
  readonly step?: unknown;
};

interface Layout {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/** The compute pipelines of one device, each made once, and the layouts that they share. */
export class Pipelines {
  /** Of group 1, the step uniform. */
  readonly stepLayout: GPUBindGroupLayout;
  readonly #device: GPUDevice;
  readonly #shaders: ShaderLibrary;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, Layout>();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#shaders = new ShaderLibrary(device);
    this.stepLayout = device.createBindGroupLayout({
      label: "step",
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } }],
    });
  }

  get count(): number {
    return this.#pipelines.size;
  }

  /** @throws SupernetError("device") naming the shader where it does not compile or the device refuses it */
  get(spec: PipelineSpec): Promise<GPUComputePipeline> {
    const key = pipelineKey(spec);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#create(spec);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Layout of group 0: the uniform, what is read, what is written. */
  groupLayout(spec: PipelineSpec): GPUBindGroupLayout {
    return this.#layout(spec).group;
  }

  async #create(spec: PipelineSpec): Promise<GPUComputePipeline> {
    const { shader, entry = "main", constants = {}, conditions = {} } = spec;
    const layout = this.#layout(spec).pipeline;
    const module = await this.#shaders.module(shader, conditions);
    try {
      return await this.#device.createComputePipelineAsync({
        label: `${shader}.${entry}`,
        layout,
        compute: { module, entryPoint: entry, constants: { ...constants } },
      });
    } catch (error) {
      const message = (error as Error).message;
      throw new SupernetError("device", `shaders/${shader}.wesl: pipeline ${entry} was refused: ${message}`, {
        cause: error,
      });
    }
  }

  #layout({ reads, writes, step }: PipelineSpec): Layout {
    const key = `${reads.length},${writes.length},${step ? "step" : ""}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const types: GPUBufferBindingType[] = [
        "uniform",
        ...reads.map(() => "read-only-storage" as const),
        ...writes.map(() => "storage" as const),
      ];
      const group = this.#device.createBindGroupLayout({
        label: key,
        entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
      });
      const bindGroupLayouts = step ? [group, this.stepLayout] : [group];
      layout = { group, pipeline: this.#device.createPipelineLayout({ label: key, bindGroupLayouts }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

/** The same for all dispatches that one pipeline serves. */
export function pipelineKey({ shader, entry, constants = {}, conditions = {}, reads, writes }: PipelineSpec): string {
  return JSON.stringify([shader, entry ?? "main", constants, conditions, reads.length, writes.length]);
}
