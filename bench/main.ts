import { Command, Option } from "commander";
import { adapterName } from "../src/host/gpu.ts";
import { requestGpu } from "../src/host/node/gpu.ts";
import { Engine } from "../src/runtime/webgpu/engine.ts";
import { profile } from "./profile.ts";
import { makeWorkload, WORKLOADS, type WorkloadName } from "./workloads.ts";

interface Flags {
  readonly workload: WorkloadName;
  readonly repeats: string;
  readonly warmup: string;
  readonly profile?: boolean;
}

const {
  workload,
  repeats,
  warmup,
  profile: wanted,
} = new Command("bench")
  .description("time a supernet step; prints one line of JSON")
  .addOption(new Option("--workload <name>", "what to time").choices(Object.keys(WORKLOADS)).default("first"))
  .option("--repeats <n>", "timed steps", "5")
  .option("--warmup <n>", "steps before", "2")
  .option("--profile", "also print the time of each pipeline")
  .parse()
  .opts<Flags>();

const gpu = await requestGpu();
const engine = new Engine(gpu);
const started = performance.now();
const { trainer, dispose } = await makeWorkload(engine, workload);
const compiled = performance.now() - started;

const encode = (encoder: GPUCommandEncoder) => trainer.encodeStep(encoder, 0, 0);
const times: number[] = [];
for (let run = 0; run < Number(warmup) + Number(repeats); run++) {
  const before = performance.now();
  const encoder = engine.device.createCommandEncoder();
  encode(encoder);
  engine.device.queue.submit([encoder.finish()]);
  await engine.device.queue.onSubmittedWorkDone();
  if (run >= Number(warmup)) times.push(performance.now() - before);
}
times.sort((a, b) => a - b);
const { step: averages } = await trainer.metrics.read();
const result = {
  workload,
  adapter: adapterName(gpu.info),
  median_ms: times[Math.floor(times.length / 2)],
  min_ms: times[0],
  loss: averages.loss,
  dispatches_per_pass: trainer.program.dispatchCount,
  pipelines: engine.pipelineCount,
  compile_ms: compiled,
  gpu_bytes: engine.buffers.liveBytes,
  live_buffers: engine.buffers.liveBuffers,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
if (wanted) {
  for (const { pipeline, dispatches, milliseconds } of await profile(engine, encode)) {
    process.stdout.write(`${milliseconds.toFixed(1).padStart(9)} ms ${String(dispatches).padStart(6)}  ${pipeline}\n`);
  }
}
dispose();
gpu.dispose();
process.exit(0);
