import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** `supernet bench` as users start it; what it measures is tested in bench.test.ts. */
const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-bench-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SUPERNET, "bench", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const written = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        written[stream] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...written }));
  });
}

const lines = (stdout: string) =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

test("prints a line for itself, for the peer and for their ratio, and saves the baseline", async () => {
  await mkdir(join(folder, "node_modules/@jax-js/jax"), { recursive: true });
  const peer = { peer: "slow", adapter: "none", workload: "first", median_ms: 1e6, min_ms: 1e6, loss: 2.5 };
  await writeFile(join(folder, "jaxjs_darts.mjs"), `console.log('${JSON.stringify(peer)}');`);
  const file = join(folder, "baseline.json");
  const run = ["--workload", "first", "--repeats", "1", "--warmup", "1", "--baseline", file];
  const turns = ["--peer", "jaxjs", "--peers", folder, "--rounds", "1"];
  const { code, stdout, stderr } = await bench(...run, ...turns, "--json", "--save-baseline");
  expect(code, stderr).toBe(0);
  const [ours, theirs, compared, ...more] = lines(stdout);
  expect(more).toEqual([]);
  expect(Object.keys(ours)).toEqual(
    ["workload", "adapter", "median_ms", "min_ms", "host_ms", "first_step_ms", "loss", "dispatches", "submits"].concat([
      "pipelines",
      "gpu_bytes",
      "live_buffers",
      "gflops",
      "peak_gflops",
      "copy_gbs",
      "bytes_moved",
    ]),
  );
  expect(ours.loss).toBeCloseTo(2.430821, 4);
  expect(theirs).toEqual(peer);
  expect(compared.peer_over_ours).toBeCloseTo(1e6 / ours.median_ms, 1);
  expect(compared.loss_difference).toBeCloseTo(2.5 - ours.loss, 6);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual([ours]);
});

test("runs without computing, to time the host, and compares nothing then", async () => {
  const { code, stdout, stderr } = await bench("--host-only", "--repeats", "1", "--warmup", "1");
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^adapter +none$/m);
  expect(stdout).toMatch(/^host_ms +[\d.]+$/m);
});

test.each([
  [["--repeats", "0"], 2, /must be a whole number of at least 1/],
  [["--workload", "huge"], 2, /Allowed choices are first, toy, mid, full/],
  [["--workload", "full", "--peer", "torch"], 1, /error\[config\]: the peers have no workload full/],
  [["--host-only", "--profile"], 1, /error\[config\]: --host-only computes nothing/],
  [["--save-baseline", "--no-pass", "dead-code"], 1, /error\[config\]: a baseline is a plain run/],
  [["--save-baseline", "--tune", "full"], 1, /error\[config\]: a baseline is a plain run/],
  [["--host-only", "--tune", "fast"], 1, /error\[config\]: --host-only computes nothing/],
  [["--tune", "much"], 2, /Allowed choices are off, fast, full/],
  [["--tune-file", "choices.json"], 1, /error\[config\]: --tune-file needs --tune fast or --tune full/],
  [["--peer", "tfjs", "--peers", "/nowhere"], 1, /error\[io\]: \/nowhere has no tfjs_darts\.mjs/],
  [["--no-pass", "magic"], 1, /error\[graph\]: there is no graph pass "magic"; the passes are/],
])("%j is refused", async (args, code, message) => {
  const ended = await bench(...args);
  expect(ended.stderr).toMatch(message);
  expect(ended.code).toBe(code);
  expect(ended.stdout).toBe("");
});
