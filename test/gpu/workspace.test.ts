import { expect, test } from "vitest";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import { testEngine } from "./engine.ts";

test("programs that take turns share buffers, largest with largest; later ones may outgrow them", async () => {
  const { buffers } = await testEngine();
  const before = [buffers.liveBuffers, buffers.liveBytes];
  const workspace = new Workspace(buffers);
  expect(workspace.reserve([64, 256])).toEqual([1, 0]);
  expect(workspace.reserve([128])).toEqual([0]);
  const first = [...workspace.buffers()];
  expect(first.map(({ size }) => size)).toEqual([256, 64]);
  expect(workspace.bytes).toBe(320);

  expect(workspace.reserve([64, 32, 512])).toEqual([1, 2, 0]);
  const second = [...workspace.buffers()];
  expect(second.map(({ size }) => size)).toEqual([512, 64, 32]);
  expect(second[1], "a buffer that is large enough stays").toBe(first[1]);
  expect(buffers.liveBuffers - before[0]!, "programs bound before keep what they have").toBe(4);

  workspace.dispose();
  expect([buffers.liveBuffers, buffers.liveBytes]).toEqual(before);
});
