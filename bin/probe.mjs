/**
 * Which WebGPU adapters does this machine have? Plain Node, so that it runs before anything is built.
 *
 * Graphics drivers are native code that can hang or crash the process that loads them. Dawn is therefore asked in a
 * child process with a time limit: this file run as a program (`first`, `all`) answers for its own environment on
 * stdout, and the exported functions start it. `node bin/probe.mjs drivers` prints what `probeAll` finds.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** SwiftShader as Debian's `chromium` package ships it: outside the folders the Vulkan loader searches. */
export const CHROMIUM_ICD = "/usr/lib/chromium/vk_swiftshader_icd.json";

const SELF = fileURLToPath(import.meta.url);
const MARK = "supernet-probe:";

/** The Vulkan driver manifests ("ICD files") a loader would search, and Chromium's. Empty where Vulkan is not used. */
export function icdFiles(env = process.env, platform = process.platform) {
  if (platform !== "linux") return [];
  const given = env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES;
  if (given) return given.split(delimiter).filter(Boolean);
  const data = env.XDG_DATA_HOME || join(homedir(), ".local/share");
  const folders = ["/etc", "/usr/local/etc", "/usr/local/share", "/usr/share", data].map((base) =>
    join(base, "vulkan/icd.d"),
  );
  const files = folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".json"))
          .sort()
          .map((name) => join(folder, name))
      : [],
  );
  return existsSync(CHROMIUM_ICD) ? [...files, CHROMIUM_ICD] : files;
}

/** Environment that makes the Vulkan loader use `file` only; the second name is for loaders before 1.3.207. */
export function icdEnv(file) {
  return { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file };
}

/**
 * Asks Dawn in a child process. Resolves to `{ adapters, problem }`: adapters best first, `problem` says why there
 * are none. `all` lists every adapter the drivers offer, else only the one a program would get.
 */
export function probe({ env = {}, all = false, timeoutMs = 15_000 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SELF, all ? "all" : "first"], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.stderr.on("data", (data) => {
      err += data;
    });
    child.on("error", (error) => resolve({ adapters: [], problem: error.message }));
    child.on("close", (code, signal) => {
      const line = out.split("\n").find((text) => text.startsWith(MARK));
      // The answer counts even if the driver crashes afterwards while being unloaded.
      if (line) return resolve(JSON.parse(line.slice(MARK.length)));
      const how = signal === "SIGKILL" ? `no answer within ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`;
      const last = err.trim().split("\n").at(-1);
      resolve({ adapters: [], problem: last ? `${how}: ${last}` : how });
    });
  });
}

/** Every adapter of every driver: `[{ icd, adapters, problem }]`; `icd` is null where Vulkan is not used. */
export async function probeAll() {
  const files = icdFiles();
  if (files.length === 0) return [{ icd: null, ...(await probe({ all: true })) }];
  return Promise.all(files.map(async (icd) => ({ icd, ...(await probe({ env: icdEnv(icd), all: true })) })));
}

async function answer(all) {
  const { create } = await import("webgpu");
  const options = { powerPreference: "high-performance" };
  // Instances stay referenced until the process ends: Dawn crashes when one is collected before its adapters.
  const instances = [create([])];
  const first = await instances[0].requestAdapter(options);
  if (!first) return { adapters: [], problem: "the driver offers no adapter that WebGPU can use", instances };
  const adapters = [describe(first)];
  // An outdated driver may show an adapter that then fails to open.
  if (!all) (await first.requestDevice()).destroy();
  if (all) {
    for (const name of await adapterNames(create, options)) {
      const instance = create([`adapter=${name}`]);
      instances.push(instance);
      const adapter = describe(await instance.requestAdapter(options));
      if (!adapters.some((known) => known.description === adapter.description && known.device === adapter.device)) {
        adapters.push(adapter);
      }
    }
  }
  return { adapters, problem: null, instances };
}

/** Dawn has no call that lists adapters; asked for one that does not exist, it names all there are. */
async function adapterNames(create, options) {
  try {
    await create(["adapter=\u0001"]).requestAdapter(options);
    return [];
  } catch (error) {
    return [...String(error).matchAll(/name: '(.*)'/g)].map((match) => match[1]);
  }
}

function describe(adapter) {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const limits = {};
  for (const name in adapter.limits) {
    if (typeof adapter.limits[name] === "number") limits[name] = adapter.limits[name];
  }
  const kind = isFallbackAdapter ? "software" : "gpu";
  return { vendor, architecture, device, description, kind, features: [...adapter.features].sort(), limits };
}

if (process.argv[1] === SELF) {
  if (process.argv[2] === "drivers") {
    process.stdout.write(`${JSON.stringify(await probeAll())}\n`);
  } else {
    const { adapters, problem } = await answer(process.argv[2] === "all");
    process.stdout.write(`\n${MARK}${JSON.stringify({ adapters, problem })}\n`);
  }
}
