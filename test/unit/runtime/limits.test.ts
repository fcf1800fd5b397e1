import { describe, expect, it } from "vitest";
import type { BoundDispatch } from "../../../src/runtime/webgpu/engine.ts";
import { checkLimits } from "../../../src/runtime/webgpu/limits.ts";

/** WebGPU's guaranteed limits. */
const LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 65_536,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
};

const check = (dispatch: Partial<BoundDispatch>, uniformBytes = 16, limits = {}) =>
  checkLimits(
    { shader: "copy", module: "cells.0", uniforms: {}, reads: [], writes: [], workgroups: [1, 1, 1], ...dispatch },
    uniformBytes,
    { ...LIMITS, ...limits },
  );

const buffers = (count: number) => Array.from({ length: count }, () => ({ buffer: {} as GPUBuffer }));

describe("checkLimits", () => {
  it("allows all that is just within the limits", () => {
    check({ reads: buffers(5), writes: buffers(3) });
    check({ constants: { wg: 256 }, workgroupBytes: 16_384, workgroups: [65_535, 65_535, 65_535] }, 65_536);
    check({});
  });

  it.each([
    [
      { reads: buffers(5), writes: buffers(4) },
      16,
      {},
      "binds 9 storage buffers, this device allows 8; use another adapter",
    ],
    [{}, 65_540, {}, "takes 65540 bytes of uniforms, this device allows 65536; use another adapter"],
    [
      { constants: { wg: 257 } },
      16,
      {},
      "runs 257 invocations a workgroup, this device allows 256; use another adapter",
    ],
    [
      { constants: { wg: 256 } },
      16,
      { maxComputeWorkgroupSizeX: 128 },
      "runs 256 invocations a workgroup, this device allows 128; use another adapter",
    ],
    [
      { workgroupBytes: 16_388 },
      16,
      {},
      "shares 16388 bytes in a workgroup, this device allows 16384; use another adapter",
    ],
    [
      { workgroups: [3, 65_536, 1] as const },
      16,
      {},
      "asks for 3 x 65536 x 1 workgroups, this device allows 1 to 65535 per dimension; use a smaller batch, more batch_chunks, or fewer cells or channels",
    ],
    [
      { workgroups: [0, 1, 1] as const },
      16,
      {},
      "asks for 0 x 1 x 1 workgroups, this device allows 1 to 65535 per dimension; use a smaller batch, more batch_chunks, or fewer cells or channels",
    ],
  ])("%o is refused", (dispatch, bytes, limits, message) => {
    expect(() => check(dispatch, bytes, limits)).toThrow(
      expect.objectContaining({ code: "device", message: `cells.0 (shaders/copy.wesl) ${message}` }),
    );
  });

  it("names the shader where there is no module", () => {
    expect(() => check({ module: undefined, constants: { wg: 512 } })).toThrow(/^shaders\/copy\.wesl runs 512/);
  });
});
