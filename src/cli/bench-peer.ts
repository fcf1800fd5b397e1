import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { SupernetError } from "../errors.ts";
import { onInterrupt } from "../host/node/interrupt.ts";
import { packageRoot } from "../host/node/package-root.ts";

/** Another library's benchmark of the same steps: a program that prints one line of JSON. */
export interface Peer {
  readonly name: PeerName;
  readonly folder: string;
  /** What runs its script. */
  readonly command: string;
}

/** The peers' scripts, and the npm package that each needs; PyTorch is Python's. */
const PEERS = {
  tfjs: { script: "tfjs_darts.mjs", package: "@tensorflow/tfjs-backend-webgpu" },
  jaxjs: { script: "jaxjs_darts.mjs", package: "@jax-js/jax" },
  torch: { script: "torch_darts.py", package: undefined },
} as const;

/** Where apt installs packages, although the path may name another Python first. */
const SYSTEM_PYTHON = "/usr/bin/python3";

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as readonly PeerName[];

/** What every peer prints; some print more. */
export interface PeerLine {
  readonly peer: string;
  readonly adapter: string;
  readonly workload: string;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly loss: number;
}

/**
 * Finds a peer's program and what it needs.
 *
 * @param folder where the peers are; default what SUPERNET_PEERS names, else ../shared/peers beside the checkout
 * @throws SupernetError("io") naming what is missing and the commands that install it
 */
export function findPeer(name: PeerName, folder: string | undefined, env = process.env): Peer {
  const where = resolve(folder ?? (env.SUPERNET_PEERS || join(packageRoot(), "../shared/peers")));
  const { script, package: needed } = PEERS[name];
  if (!existsSync(join(where, script))) {
    throw new SupernetError(
      "io",
      `${where} has no ${script}: name the folder of the peers with --peers or SUPERNET_PEERS`,
    );
  }
  if (needed === undefined) return { name, folder: where, command: findPython() };
  if (existsSync(join(where, "node_modules", needed))) return { name, folder: where, command: process.execPath };
  throw new SupernetError(
    "io",
    `the peers in ${where} lack their npm packages: run "npm install" there, or ` +
      `"cp -r ${where} /tmp/peers && cd /tmp/peers && npm install" and name /tmp/peers with --peers`,
  );
}

function findPython(): string {
  const able = (python: string) => spawnSync(python, ["-c", "import torch, numpy"]).status === 0;
  const python = ["python3", SYSTEM_PYTHON].find(able);
  if (python !== undefined) return python;
  throw new SupernetError(
    "io",
    'python3 has no torch and numpy: on Debian run "apt-get install -y python3-torch", elsewhere "pip install torch numpy"',
  );
}

export interface PeerRun {
  readonly workload: string;
  readonly repeats: number;
  readonly warmup: number;
}

/**
 * Runs a peer in a process of its own, on the same Vulkan driver.
 * @throws SupernetError("io") with the end of what it wrote when it fails
 */
export async function runPeer(
  { name, folder, command }: Peer,
  { workload, repeats, warmup }: PeerRun,
): Promise<PeerLine> {
  const { script } = PEERS[name];
  const flags = ["--workload", workload, "--repeats", String(repeats), "--warmup", String(warmup)];
  // libvulkan has two names for the same thing; the peers are told the older one.
  const driver = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  const env = driver ? { ...process.env, VK_ICD_FILENAMES: driver } : process.env;
  const child = spawn(command, [script, ...flags], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      written[stream] += text;
    });
  }
  const off = onInterrupt(() => void child.kill());
  const code = await new Promise<number | null>((done, failed) => {
    child.on("error", failed);
    child.on("close", done);
  }).finally(off);
  // Dawn prints complaints before it.
  const line = written.stdout.split("\n").findLast((text) => text.startsWith("{"));
  if (code === 0 && line !== undefined) return JSON.parse(line) as PeerLine;
  const end = `${written.stdout}${written.stderr}`.trimEnd().split("\n").slice(-5).join("\n  ");
  throw new SupernetError("io", `the peer ${name} failed (exit code ${code}) in ${folder}:\n  ${end}`);
}
