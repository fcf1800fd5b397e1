import { SupernetError } from "../../errors.ts";
import type { BoundDispatch } from "./dispatch.ts";
import { DoesNotFit } from "./does-not-fit.ts";

/** The limits of a device that a dispatch can exceed; bytes of buffers are `Buffers`' affair. */
export type DispatchLimits = Pick<
  GPUSupportedLimits,
  | "maxStorageBuffersPerShaderStage"
  | "maxUniformBufferBindingSize"
  | "maxComputeWorkgroupsPerDimension"
  | "maxComputeInvocationsPerWorkgroup"
  | "maxComputeWorkgroupSizeX"
  | "maxComputeWorkgroupStorageSize"
>;

/**
 * Refuses what a device would refuse, by names that a user knows.
 *
 * @param uniformBytes size of the dispatch's uniforms with its table
 * @throws SupernetError("device") naming module, shader, limit and remedy
 */
export function checkLimits(dispatch: BoundDispatch, uniformBytes: number, limits: DispatchLimits): void {
  const { shader, module, reads, writes, workgroups, constants, workgroupBytes = 0 } = dispatch;
  const who = module ? `${module} (shaders/${shader}.wesl)` : `shaders/${shader}.wesl`;
  const refuse = (what: string, allowed: number, remedy: string) => {
    throw new SupernetError("device", `${who} ${what}, this device allows ${allowed}; ${remedy}`);
  };
  const bindings = reads.length + writes.length;
  if (bindings > limits.maxStorageBuffersPerShaderStage) {
    refuse(`binds ${bindings} storage buffers`, limits.maxStorageBuffersPerShaderStage, OTHER);
  }
  if (uniformBytes > limits.maxUniformBufferBindingSize) {
    refuse(`takes ${uniformBytes} bytes of uniforms`, limits.maxUniformBufferBindingSize, OTHER);
  }
  // Shaders without this constant have a fixed size that every device allows.
  const size = constants?.wg ?? 1;
  const largest = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  if (size > largest) refuse(`runs ${size} invocations a workgroup`, largest, OTHER);
  if (workgroupBytes > limits.maxComputeWorkgroupStorageSize) {
    refuse(`shares ${workgroupBytes} bytes in a workgroup`, limits.maxComputeWorkgroupStorageSize, OTHER);
  }
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (workgroups.some((count) => count > most || count < 1)) {
    const groups = workgroups.join(" x ");
    throw new DoesNotFit(`${who} asks for ${groups} workgroups, this device allows 1 to ${most} per dimension`);
  }
}

const OTHER = "use another adapter";
