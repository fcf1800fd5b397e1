import { expect, it } from "vitest";
import { findAdapter, openDevice } from "../../../src/host/gpu.ts";

const silent = () => new Promise<never>(() => {});

it("a graphics driver that does not answer is waited for only so long", async () => {
  const gpu = { requestAdapter: silent } as unknown as GPU;
  await expect(findAdapter(gpu, { timeoutMs: 20 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: the graphics driver did not answer within 0.02 s: close other programs that use the GPU]`,
  );
});

it("nor is an adapter that does not open", async () => {
  const info = { description: "Some GPU", vendor: "", architecture: "", device: "" };
  const adapter = { info, limits: {}, features: new Set(), requestDevice: silent } as unknown as GPUAdapter;
  await expect(openDevice(adapter, { timeoutMs: 20 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: adapter "Some GPU" did not open within 0.02 s: close other programs that use the GPU]`,
  );
});
