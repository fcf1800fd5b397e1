/**
 * Makes a fresh checkout able to run: npm packages, and a WebGPU adapter. Plain Node, as nothing is installed yet.
 * All of it is skipped in well under a second when there is nothing to do.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM_ICD, icdEnv, icdFiles, probe } from "../bin/probe.mjs";
import { withLock } from "./lock.mjs";
import {
  aptPlans,
  chooseIcd,
  chromiumPaths,
  chromiumPlan,
  chromiumRemedy,
  manualRemedy,
  missingPackages,
  parseAptPolicy,
  parseOsRelease,
  planAsShell,
  usesApt,
} from "./platform.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Setup cannot go on; the message says what the user can do. */
export class SetupError extends Error {}

/** Path of this checkout's lock for `task`; outside node_modules, which npm deletes. */
export function lockPath(task) {
  return join(tmpdir(), `supernet-${createHash("sha256").update(ROOT).digest("hex").slice(0, 12)}-${task}.lock`);
}

/** Installs npm packages unless node_modules already holds what package-lock.json asks for. */
export async function ensureDependencies() {
  if (outdatedPackages().length === 0) return;
  await withLock(lockPath("npm"), () => {
    const outdated = outdatedPackages();
    if (outdated.length === 0) return;
    const fresh = !existsSync(join(ROOT, "node_modules"));
    say(fresh ? "installing npm packages" : `updating npm packages (${outdated.slice(0, 5).join(", ")})`);
    const windows = process.platform === "win32";
    // Not "npm ci": it insists that the lock file lists optional packages of every other platform.
    const args = ["install", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    const done = spawnSync(windows ? "npm.cmd" : "npm", args, { cwd: ROOT, stdio: ["ignore", 2, 2], shell: windows });
    if (done.status !== 0) throw new SetupError(`npm failed: run "npm ${args.join(" ")}" and look at its output`);
  });
  // npx starts the file itself, and an unpacked archive may have lost the mode git keeps.
  chmodSync(join(ROOT, "bin/supernet.mjs"), 0o755);
}

function outdatedPackages() {
  const record = join(ROOT, "node_modules/.package-lock.json");
  const installed = existsSync(record) ? readJson(record) : { packages: {} };
  return missingPackages(readJson(join(ROOT, "package-lock.json")), installed);
}

/**
 * Finds an adapter and, on Debian and Ubuntu as root, installs a software one if there is none. Returns
 * `{ adapter, env }`, `env` being what a program that uses the adapter must have in its environment.
 */
export async function ensureAdapter() {
  const found = await findAdapter();
  if (found.adapter) return found;
  const given = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  if (given)
    throw new SetupError(`no WebGPU adapter with the Vulkan driver ${given} (${found.problem}): unset VK_DRIVER_FILES`);
  return withLock(join(tmpdir(), "supernet-apt.lock"), () => installAdapter(found.problem));
}

async function findAdapter() {
  const usual = await probe();
  if (usual.adapters[0]) return withEnv(usual.adapters[0]);
  const given = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  if (!given && existsSync(CHROMIUM_ICD)) {
    const [adapter] = (await probe({ env: icdEnv(CHROMIUM_ICD) })).adapters;
    if (adapter) return withEnv(adapter);
  }
  return { adapter: null, problem: usual.problem };
}

function withEnv(adapter) {
  const icd = chooseIcd(adapter, icdFiles());
  return { adapter, env: icd ? icdEnv(icd) : {} };
}

async function installAdapter(problem) {
  const os = osRelease();
  const none = `no WebGPU adapter found (${problem})`;
  if (process.platform !== "linux" || !usesApt(os)) {
    throw new SetupError(`${none}. To get one: ${manualRemedy(process.platform, os)}`);
  }
  const root = process.getuid() === 0;
  if (root) apt(["apt-get", "update"]);
  const plans = aptPlans(os, aptPolicy("mesa-vulkan-drivers"), archiveKeyring());
  if (plans.length === 0) throw new SetupError(`${none}. To get one: ${manualRemedy(process.platform, os)}`);
  if (!root) {
    throw new SetupError(
      `${none}. To install a software adapter: sudo apt-get update && ${planAsShell(plans[0], true)}`,
    );
  }
  for (const plan of plans) {
    say(`no GPU: installing ${plan.what}`);
    if (plan.file && !existsSync(plan.file.path)) writeFileSync(plan.file.path, plan.file.text);
    for (const command of plan.commands) apt(command);
    const found = await findAdapter();
    if (found.adapter) return found;
  }
  throw new SetupError(
    `${none}, and none after these attempts: ${plans.map((plan) => planAsShell(plan, false)).join(" ; ")}`,
  );
}

/**
 * Finds Chromium or Chrome and, on Debian as root, installs Chromium if there is none. Returns what a program that
 * drives it must have in its environment.
 */
export async function ensureChromium() {
  const found = findChromium();
  if (found) return { SUPERNET_CHROMIUM: found };
  const os = osRelease();
  const plan = chromiumPlan(os);
  if (process.platform !== "linux" || !plan || process.getuid() !== 0) {
    throw new SetupError(`no Chromium found. To get one: ${chromiumRemedy(process.platform, os)}`);
  }
  return withLock(join(tmpdir(), "supernet-apt.lock"), () => {
    if (!findChromium()) {
      say(`installing ${plan.what}`);
      apt(["apt-get", "update"]);
      for (const command of plan.commands) apt(command);
    }
    const installed = findChromium();
    if (!installed) throw new SetupError(`no Chromium, and none after this attempt: ${planAsShell(plan, false)}`);
    return { SUPERNET_CHROMIUM: installed };
  });
}

function findChromium() {
  const given = process.env.SUPERNET_CHROMIUM;
  if (given && !existsSync(given)) throw new SetupError(`SUPERNET_CHROMIUM names ${given}, which is not there`);
  return given || chromiumPaths(process.platform, process.env).find((path) => existsSync(path));
}

function osRelease() {
  return existsSync("/etc/os-release") ? parseOsRelease(readFileSync("/etc/os-release", "utf8")) : {};
}

/** A failing command is only reported: whether an adapter is there afterwards is what counts. */
function apt(command) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const done = spawnSync(command[0], ["-qq", ...command.slice(1)], { env, stdio: ["ignore", "ignore", 2] });
  if (done.status !== 0) say(`"${command.join(" ")}" failed`);
}

function aptPolicy(name) {
  return parseAptPolicy(
    spawnSync("apt-cache", ["policy", name], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } }).stdout ?? "",
  );
}

function archiveKeyring() {
  const path = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return existsSync(path) ? path : null;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}
