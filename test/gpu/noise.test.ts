import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { planes } from "../../src/graph/types.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { unpackPlanes } from "../../src/runtime/webgpu/layout.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import { testEngine } from "./engine.ts";
import { floats, held } from "./small.ts";

const CHUNK = 3;
const [CHANNELS, HEIGHT, WIDTH] = [6, 3, 4];
const OUTPUTS = ["dropped", "mixed", "gradient"];

/** What random ops make of constants, for `samples` images. */
function noise(samples: number) {
  const g = new GraphBuilder();
  const filled = (value: number) => g.add("fill", [], { type: planes([samples, CHANNELS, HEIGHT, WIDTH]), value });
  const one = filled(1);
  g.output("dropped", g.add("dropout", [one], { index: 1, probability: 0.4 }));
  g.output("mixed", g.add("shake", [one, filled(0)], { index: 2 }));
  g.output("gradient", g.add("shake_dx", [one], { index: 2, branch: 1 }));
  return g.build();
}

test("dropout and shake-shake draw through the chunks of a batch what they draw for the whole of it", async () => {
  const engine = await testEngine();
  const start = held(engine);
  const step = { seed: 2 ** 33 + 7, step: 12 };
  const whole = evaluateReference(noise(2 * CHUNK), { inputs: {}, params: {}, step: { ...step, dropPath: 0 } });

  const workspace = new Workspace(engine.buffers);
  const program = new Program(engine, noise(CHUNK), workspace);
  const uniform = new StepUniform(engine.device, engine.buffers, 2);
  const bound = await program.bind({ arenas: { params: {}, grads: {}, next: {} }, inputs: {}, step: uniform.buffer });
  uniform.write([0, CHUNK].map((sampleStart) => ({ ...step, sampleStart })));
  const elements = CHUNK * CHANNELS * HEIGHT * WIDTH;
  for (let chunk = 0; chunk < 2; chunk++) {
    const encoder = engine.device.createCommandEncoder();
    uniform.use(encoder, chunk);
    bound.encode(encoder);
    engine.device.queue.submit([encoder.finish()]);
    for (const name of OUTPUTS) {
      const output = program.output(name);
      const values = unpackPlanes(await floats(engine, output), output.type.shape);
      const want = whole.get(name)!.subarray(chunk * elements, (chunk + 1) * elements);
      // 2.5 ulp of a division, and rounding: what is drawn is exact.
      const wrong = values.findIndex((value, i) => !(Math.abs(value - want[i]!) < 1e-6));
      expect(wrong, `first element of ${name} in chunk ${chunk} that differs`).toBe(-1);
    }
  }
  bound.dispose();
  uniform.dispose();
  program.dispose();
  workspace.dispose();
  expect(held(engine)).toEqual(start);
});
