import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adapterName } from "../../src/host/gpu.ts";
import { requestGpu } from "../../src/host/node/gpu.ts";
import { packageRoot, packageVersion } from "../../src/host/node/package-root.ts";

describe("requestGpu", () => {
  it("opens a device with all the adapter offers of the limits kernels use", async () => {
    const { adapter, device, info, kind, dispose } = await requestGpu();
    expect(adapterName(info)).not.toBe("unnamed");
    expect(kind).toBe(adapter.info.isFallbackAdapter ? "software" : "gpu");
    expect(device.limits.maxBufferSize).toBe(adapter.limits.maxBufferSize);
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(adapter.limits.maxStorageBuffersPerShaderStage);
    expect(device.limits.maxComputeInvocationsPerWorkgroup).toBe(adapter.limits.maxComputeInvocationsPerWorkgroup);
    for (const feature of ["timestamp-query", "shader-f16", "subgroups"] as const) {
      expect(device.features.has(feature)).toBe(adapter.features.has(feature));
    }
    dispose();
  });

  it("opens a device that has WebGPU's default limits only", async () => {
    const { device, dispose } = await requestGpu({ defaultLimits: true });
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
    expect(device.limits.maxStorageBufferBindingSize).toBe(128 * 2 ** 20);
    expect(device.limits.maxBufferSize).toBe(256 * 2 ** 20);
    expect(device.limits.maxComputeInvocationsPerWorkgroup).toBe(256);
    expect(device.features.has("shader-f16")).toBe(false);
    dispose();
  });
});

describe("a program that uses the GPU", () => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    // Inside the package, so that the bundle finds node_modules.
    await mkdir(join(packageRoot(), "dist"), { recursive: true });
    folder = await mkdtemp(join(packageRoot(), "dist/.test-"));
    const entry = fileURLToPath(new URL("fixtures/host-program.ts", import.meta.url));
    await build({ configFile: false, logLevel: "error", publicDir: false, build: { ssr: entry, outDir: folder } });
    program = join(folder, "host-program.js");
  });

  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["disposes the device", "dispose", 0],
    ["leaves the device open", "leave", 0],
    ["calls process.exit", "exit", 7],
  ])("ends cleanly within 2 s when it %s", async (_, mode, code) => {
    const child = start(program, [mode]);
    await child.printed("computed");
    expect(await child.end(2000)).toBe(code);
  });

  it("ends within 2 s with code 130 on Ctrl-C, in the midst of work", async () => {
    const child = start(program, ["interrupt"]);
    await child.printed("ready");
    child.process.kill("SIGINT");
    expect(await child.end(2000)).toBe(130);
    expect(child.output()).toContain("cleaned up");
  });

  it("gets an error that names the remedy where there is no adapter", async () => {
    const child = start(program, ["dispose"], { VK_DRIVER_FILES: "/none.json", VK_ICD_FILENAMES: "/none.json" });
    const code = await child.end(15_000);
    // Only Vulkan's loader can be told to find nothing.
    if (process.platform !== "linux") return;
    expect(child.output()).toContain("error[device]: no WebGPU adapter found: VK_DRIVER_FILES names /none.json");
    expect(code).toBe(1);
  });
});

describe("the supernet command", () => {
  const bin = join(packageRoot(), "bin/supernet.mjs");

  it("prints its version", async () => {
    const child = start(bin, ["--version"]);
    expect(await child.end(60_000)).toBe(0);
    expect(child.output()).toBe(`${packageVersion()}\n`);
  });

  it("ends with code 2 on a command line it does not understand", async () => {
    const child = start(bin, ["devices", "--jsn"]);
    expect(await child.end(60_000)).toBe(2);
    expect(child.output()).toContain("unknown option '--jsn'");
  });

  it("lists the adapter that requestGpu opens", async () => {
    const child = start(bin, ["devices", "--json"]);
    expect(await child.end(60_000)).toBe(0);
    const drivers: { adapters: { description: string; kind: string; limits: object }[] }[] = JSON.parse(child.output());
    const { adapter, info, kind, dispose } = await requestGpu();
    const listed = drivers.flatMap(({ adapters }) => adapters).find((a) => a.description === info.description);
    expect(listed).toMatchObject({ kind, limits: { maxBufferSize: adapter.limits.maxBufferSize } });
    dispose();
  });
});

/** A Node program with its output collected. */
function start(script: string, args: string[], env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...env } });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8");
  const collect = (data: string) => {
    // Dawn announces limits it reduces; no program can turn that off.
    text += data.replace(/^Warning: .* artificially reduced .*\n/gm, "");
    child.emit("text");
  };
  child.stdout!.on("data", collect);
  child.stderr!.on("data", collect);
  const closed = once(child, "close");
  return {
    process: child,
    output: () => text,
    /** Waits until `words` have been printed. */
    async printed(words: string): Promise<void> {
      while (!text.includes(words)) {
        const [code] = (await Promise.race([once(child, "text"), closed])) as [number | undefined];
        if (code !== undefined && !text.includes(words))
          throw new Error(`ended with ${code} before "${words}": ${text}`);
      }
    },
    /** Exit code, or "late" if the program has not ended after `ms`. */
    async end(ms: number): Promise<number | string> {
      const timer = setTimeout(() => child.kill("SIGKILL"), ms);
      const [code, signal] = (await closed) as [number | null, string | null];
      clearTimeout(timer);
      if (signal === "SIGKILL") return "late";
      return code ?? `ended by ${signal}`;
    },
  };
}
