import type { EngineDevice } from "./engine.ts";

/** The limits that programs are checked against. */
export type PaperLimits = Pick<GPUSupportedLimits, keyof typeof DEFAULT_LIMITS>;

/** WebGPU's defaults, which every device has at least. */
const DEFAULT_LIMITS = {
  maxBufferSize: 256 * 2 ** 20,
  maxStorageBufferBindingSize: 128 * 2 ** 20,
  maxUniformBufferBindingSize: 64 * 2 ** 10,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16 * 2 ** 10,
};

const nothing = () => {};
const object = () => ({});

/**
 * A device that exists on paper: programs are compiled for it and buffers counted as on a real one, but nothing is
 * allocated, no shader is built and nothing computed. Needs WebGPU's constants as globals, as every engine does.
 *
 * @param kind which adapters it stands for: kernels differ, and so does what they put aside
 * @param memory bytes it has for buffers; default all that is asked for
 */
export function paperDevice(
  kind: EngineDevice["kind"],
  limits: PaperLimits = DEFAULT_LIMITS,
  memory?: number,
): EngineDevice {
  const device = {
    limits,
    features: new Set(),
    lost: new Promise(nothing),
    queue: { writeBuffer: nothing, submit: nothing },
    addEventListener: nothing,
    removeEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: async () => null,
    createBuffer: ({ size }: GPUBufferDescriptor) => ({ size, destroy: nothing }),
    createBindGroup: object,
    createBindGroupLayout: object,
    createPipelineLayout: object,
    createComputePipelineAsync: async () => ({}),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createCommandEncoder: () => ({
      clearBuffer: nothing,
      copyBufferToBuffer: nothing,
      beginComputePass: () => ({
        setPipeline: nothing,
        setBindGroup: nothing,
        dispatchWorkgroups: nothing,
        end: nothing,
      }),
      finish: object,
    }),
  };
  return { device: device as unknown as GPUDevice, kind, memory };
}
