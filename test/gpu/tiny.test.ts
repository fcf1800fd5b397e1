import { expect, test } from "vitest";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { paramValues } from "../../src/export/model.ts";
import { readSafetensors } from "../../src/export/safetensors.ts";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { optimize } from "../../src/graph/passes/index.ts";
import { printGraph } from "../../src/graph/print.ts";
import { planes } from "../../src/graph/types.ts";
import { cellsText } from "../../src/report/cells.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { Network } from "../../src/train/network.ts";
import { testEngine } from "./engine.ts";
import { toyExperiment } from "./experiment.ts";

// A tour of the project in the order in which data flows, small enough to run before every commit:
// npx vitest run --project gpu test/gpu/tiny.test.ts

test("a graph is built, differentiated, optimized, printed, and means the same on the GPU as in double precision", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 3, 4, 4]));
  const w = g.param({ name: "w", role: "weights", shape: [2, 3, 3, 3], init: { kind: "uniform_fan_in", fanIn: 27 } });
  const same = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
  const y = g.scoped("conv", () => g.add("conv2d", [x, w], same));
  const twice = g.add("add", [g.add("relu", [y], {}), g.add("relu", [y], {})], {});
  const dy = g.add("fill", [], { type: planes([1, 2, 4, 4]), value: 1 });
  const { builder, gradients } = differentiate(g.build(), [{ value: twice, gradient: dy }], [w]);
  builder.output("y", twice);
  builder.output("dw", gradients[0]!, { arena: "grad", param: "w" });
  const graph = optimize(builder.build());
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "%0 = input() {name: x} : planes f32 [1, 3, 4, 4]
    %1 = param() {name: w, role: weights} : flat f32 [2, 3, 3, 3]
    %2 = conv2d(%0, %1) {stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1} : planes f32 [1, 2, 4, 4]  # conv
    %3 = relu(%2) : planes f32 [1, 2, 4, 4]
    %4 = mix(%3) {channels: 2, terms: [{x: 0, start: 0}, {x: 0, start: 0}]} : planes f32 [1, 2, 4, 4]
    %5 = fill() {value: 1} : planes f32 [1, 2, 4, 4]
    %6 = relu_dx(%5, %3) : planes f32 [1, 2, 4, 4]
    %7 = mix(%6) {channels: 2, terms: [{x: 0, start: 0}, {x: 0, start: 0}]} : planes f32 [1, 2, 4, 4]  # conv
    %8 = conv2d_dw(%0, %7) {stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1} : flat f32 [2, 3, 3, 3]  # conv
    output y = %4
    output dw = %8 -> grad w"
  `);

  const feeds = { inputs: { x: wave(48) }, params: { w: wave(54) } };
  const onGpu = await runGraph(await testEngine(), graph, feeds);
  for (const [name, expected] of evaluateReference(graph, feeds)) {
    expected.forEach((value, i) => {
      expect(onGpu.get(name)![i], `${name}[${i}]`).toBeCloseTo(value, 4);
    });
  }
});

test("DARTS searches on drawn shapes and what it finds is trained, saved and read back", async () => {
  const engine = await testEngine();
  const before = engine.buffers.liveBuffers;
  const overrides = {
    "nas.search.loader.train_batch": 8,
    "nas.search.loader.dataset.max_batches": 4,
    "nas.search.trainer.epochs": 1,
    "nas.eval.loader.train_batch": 8,
    "nas.eval.loader.dataset.max_batches": 4,
    "nas.eval.trainer.epochs": 1,
  };
  const { runner, files } = await toyExperiment(engine, "darts", overrides);
  const { found, supernet } = await runner.search();
  expect(supernet!.run.epochs[0]!.val!.averages.samples).toBe(16);
  expect(cellsText(found)).toMatch(/normal cell\n {2}node 0 = \w+\(c\[k-[12]\]\) \+ \w+\(c\[k-[12]\]\)\n/);
  await runner.copySearchToEval();
  const { desc, run } = await runner.evaluate();
  expect(run.epochs[0]!.train.averages.loss).toBeGreaterThan(1);

  expect([...files.keys()].sort()).toMatchInlineSnapshot(`
    [
      "/logs/darts_shapes_tiny_eval/config_used.yaml",
      "/logs/darts_shapes_tiny_eval/eval_train_metrics.yaml",
      "/logs/darts_shapes_tiny_eval/final_model_desc.yaml",
      "/logs/darts_shapes_tiny_eval/full_model_desc.yaml",
      "/logs/darts_shapes_tiny_eval/log.log",
      "/logs/darts_shapes_tiny_eval/log.yaml",
      "/logs/darts_shapes_tiny_eval/model.safetensors",
      "/logs/darts_shapes_tiny_search/config_used.yaml",
      "/logs/darts_shapes_tiny_search/final_model_desc.yaml",
      "/logs/darts_shapes_tiny_search/full_model_desc.yaml",
      "/logs/darts_shapes_tiny_search/log.log",
      "/logs/darts_shapes_tiny_search/log.yaml",
      "/logs/darts_shapes_tiny_search/search_train_metrics.yaml",
    ]
  `);
  const full = files.get("/logs/darts_shapes_tiny_eval/full_model_desc.yaml");
  expect(desc).toMatchObject({ cellDescs: parseModelDesc(String(full), "full_model_desc.yaml").cellDescs });
  expect(engine.buffers.liveBuffers, "buffers that an experiment leaves behind").toBe(before);

  const weights = readSafetensors(files.get("/logs/darts_shapes_tiny_eval/model.safetensors") as Uint8Array);
  const network = new Network(engine, desc, { batch: 1, height: 32, width: 32, affine: true, dropPath: "none" });
  network.load(paramValues(network.params, weights));
  const program = network.evaluationProgram(0);
  const [images, labels] = [engine.buffers.storage("x", 32 * 32 * 16), engine.buffers.storage("y", 4)];
  const step = engine.buffers.uniform("step", 80);
  const bound = await program.bind({
    arenas: { params: network.arenas, grads: {}, next: {} },
    inputs: { x: images, y: labels },
    step,
  });
  const encoder = engine.device.createCommandEncoder();
  bound.encode(encoder);
  engine.device.queue.submit([encoder.finish()]);
  const logits = new Float32Array(await engine.read(program.output("logits")));
  expect(logits.slice(0, 10).every(Number.isFinite) && logits.some((value) => value !== 0)).toBe(true);
  bound.dispose();
  network.dispose();
  for (const buffer of [images, labels, step]) engine.buffers.destroy(buffer);
});

/** Numbers that are neither sorted nor round. */
const wave = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + 0.3));
