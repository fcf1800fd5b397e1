import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findPeer, runPeer } from "../../src/cli/bench-peer.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-peers-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const RUN = { workload: "mid", repeats: 3, warmup: 1 };
const script = (text: string) => writeFile(join(folder, "tfjs_darts.mjs"), text);

it("a peer that is not there, or not installed, is missed with a remedy", async () => {
  expect(() => findPeer("tfjs", folder)).toThrow(/has no tfjs_darts\.mjs: name the folder of the peers with --peers/);
  expect(() => findPeer("tfjs", undefined, { SUPERNET_PEERS: folder })).toThrow(folder);
  await script("");
  expect(() => findPeer("tfjs", folder)).toThrow(/lack their npm packages: run "npm install" there, or "cp -r /);
  await mkdir(join(folder, "node_modules/@tensorflow/tfjs-backend-webgpu"), { recursive: true });
  expect(findPeer("tfjs", folder)).toEqual({ name: "tfjs", folder, command: process.execPath });
});

it("a peer is told what to run, and its line is found among other output", async () => {
  await script(`
    console.log("a complaint of Dawn");
    const peer = process.argv.slice(2).join(" ") + " on " + process.env.VK_ICD_FILENAMES;
    console.log(JSON.stringify({ peer, median_ms: 2 }));
    console.log("goodbye");
  `);
  const given = process.env.VK_DRIVER_FILES;
  process.env.VK_DRIVER_FILES = "/driver.json";
  try {
    const line = await runPeer(findPeer("tfjs", folder), RUN);
    expect(line).toEqual({ peer: "--workload mid --repeats 3 --warmup 1 on /driver.json", median_ms: 2 });
  } finally {
    if (given === undefined) delete process.env.VK_DRIVER_FILES;
    else process.env.VK_DRIVER_FILES = given;
  }
});

it("a peer that fails is quoted", async () => {
  await script(`console.error("no such adapter"); process.exit(3);`);
  await expect(runPeer(findPeer("tfjs", folder), RUN)).rejects.toThrow(
    /the peer tfjs failed \(exit code 3\) in .*\n {2}no such adapter$/,
  );
});
