import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { link } from "wesl";
import { philox4x32 } from "../../src/random/philox.ts";
import { randint, uniform01 } from "../../src/random/rng.ts";
import { testEngine } from "./engine.ts";

const SHADER = `
import package::random::{philox4x32, randint, uniform01};

// Per case: counter, key, range, unused.
@group(0) @binding(0) var<storage, read> cases: array<array<u32, 8>>;
@group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> derived: array<vec2<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= arrayLength(&words)) {
    return;
  }
  let k = cases[id.x];
  let drawn = philox4x32(vec4<u32>(k[0], k[1], k[2], k[3]), vec2<u32>(k[4], k[5]));
  words[id.x] = drawn;
  derived[id.x] = vec2<u32>(randint(drawn.x, k[6]), bitcast<u32>(uniform01(drawn.y)));
}`;

test("the device draws the numbers that TypeScript draws, bit for bit", async () => {
  const count = 2000;
  // Counters that differ in one bit or are all ones, then counters that are drawn themselves.
  const cases = new Uint32Array(count * 8);
  cases.fill(0xffffffff, 0, 8);
  for (let i = 1; i < count; i++) {
    const [a, b, c, d] = philox4x32([i, 0, 0, 0], [1, 2]);
    const counter = i < 33 ? [2 ** (i - 1), 0, 0, 0, 0, 0] : [a, b, c, d, (a ^ d) >>> 0, (b ^ c) >>> 0];
    cases.set([...counter, 1 + (d % 60_000)], i * 8);
  }
  const drawn = await runShader(cases, count);
  for (let i = 0; i < count; i++) {
    const at = (k: number) => cases[i * 8 + k]!;
    const expected = philox4x32([at(0), at(1), at(2), at(3)], [at(4), at(5)]);
    expect([...drawn.words.subarray(i * 4, i * 4 + 4)]).toEqual(expected);
    expect(drawn.derived[i * 2]).toBe(randint(expected[0], at(6)));
    expect(drawn.uniforms[i * 2 + 1]).toBe(uniform01(expected[1]));
  }
});

async function runShader(cases: Uint32Array<ArrayBuffer>, count: number) {
  const engine = await testEngine();
  const { device, buffers } = engine;
  const random = await readFile(new URL("../../shaders/random.wesl", import.meta.url), "utf8");
  const linked = await link({ weslSrc: { "./main.wesl": SHADER, "./random.wesl": random }, rootModuleName: "main" });
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code: linked.dest }) },
  });
  const input = buffers.storage("cases", cases.byteLength);
  device.queue.writeBuffer(input, 0, cases);
  const words = buffers.storage("words", count * 16);
  const derived = buffers.storage("derived", count * 8);
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [input, words, derived].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(Math.ceil(count / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  const derivedBytes = await engine.read({ buffer: derived });
  const wordBytes = await engine.read({ buffer: words });
  for (const buffer of [input, words, derived]) buffers.destroy(buffer);
  return {
    words: new Uint32Array(wordBytes),
    derived: new Uint32Array(derivedBytes),
    uniforms: new Float32Array(derivedBytes),
  };
}
