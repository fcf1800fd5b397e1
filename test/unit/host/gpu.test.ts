import { expect, it, onTestFinished, vi } from "vitest";
import { requestGpu } from "../../../src/host/browser/gpu.ts";
import { findAdapter, openDevice } from "../../../src/host/gpu.ts";

const info = { description: "Some GPU", vendor: "", architecture: "", device: "" };
const silent = () => new Promise<never>(() => {});

it("a graphics driver that does not answer is waited for only so long", async () => {
  const gpu = { requestAdapter: silent } as unknown as GPU;
  await expect(findAdapter(gpu, { timeoutMs: 20 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: the graphics driver did not answer within 0.02 s: close other programs that use the GPU]`,
  );
});

it("nor is an adapter that does not open", async () => {
  const adapter = { info, limits: {}, features: new Set(), requestDevice: silent } as unknown as GPUAdapter;
  await expect(openDevice(adapter, { timeoutMs: 20 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: adapter "Some GPU" did not open within 0.02 s: close other programs that use the GPU]`,
  );
});

it("a browser that has offered an adapter before has none for another reason than one that never has", async () => {
  const adapter = { info, limits: {}, features: new Set(), requestDevice: async () => ({}) };
  const requestAdapter = vi.fn<() => Promise<unknown>>(async () => null);
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });
  onTestFinished(() => void vi.unstubAllGlobals());
  await expect(requestGpu()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: the browser offers no WebGPU adapter: switch hardware acceleration on in its settings, update the graphics driver, or use a current Chrome, Edge, Firefox or Safari]`,
  );
  requestAdapter.mockResolvedValueOnce(adapter);
  await requestGpu();
  await expect(requestGpu()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: the browser offers no WebGPU adapter any more, as it may where the GPU process has crashed repeatedly: load the page again, or start the browser anew]`,
  );
});
