import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { SupernetError } from "../errors.ts";
import { type AdapterKind, type AdapterSummary, adapterName } from "../host/gpu.ts";
import { packageRoot } from "../host/node/package-root.ts";

/** An adapter as `bin/probe.mjs` reports it. */
interface ProbedAdapter extends AdapterSummary {
  kind: AdapterKind;
  features: string[];
  limits: Record<string, number>;
}

/** What one driver offers; `icd` is its Vulkan manifest, null on systems without Vulkan. */
interface ProbedDriver {
  icd: string | null;
  adapters: ProbedAdapter[];
  problem: string | null;
}

/** `supernet devices`: every adapter of every driver with its limits and features. */
export function registerDevices(program: Command): void {
  program
    .command("devices")
    .description("list the GPUs and software adapters of this machine, their limits and features")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => {
      const drivers = probeDrivers();
      process.stdout.write(options.json ? `${JSON.stringify(drivers, null, 2)}\n` : describeDrivers(drivers));
    });
}

/** Drivers are native code that may crash: they are only ever loaded in processes of their own. */
function probeDrivers(): ProbedDriver[] {
  const script = join(packageRoot(), "bin/probe.mjs");
  const done = spawnSync(process.execPath, [script, "drivers"], { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (done.status !== 0) {
    throw new SupernetError("device", `adapters cannot be listed (${done.stderr.trim()}): reinstall supernet`);
  }
  return JSON.parse(done.stdout);
}

/** The list for people: adapters first, then the drivers that offer none. */
export function describeDrivers(drivers: ProbedDriver[]): string {
  const found = drivers.flatMap(({ icd, adapters }) => adapters.map((adapter) => describeAdapter(adapter, icd)));
  const silent = drivers.filter(({ adapters }) => adapters.length === 0);
  const without = silent.map(({ icd, problem }) => `  ${icd ?? "system driver"}: ${problem}\n`);
  const parts = [found.length > 0 ? found.join("\n") : "no adapter found\n"];
  if (without.length > 0) parts.push(`\ndrivers without an adapter here:\n${without.join("")}`);
  return parts.join("");
}

function describeAdapter(adapter: ProbedAdapter, icd: string | null): string {
  const names = Object.keys(adapter.limits).sort();
  const width = Math.max(...names.map((name) => name.length));
  const limits = names.map((name) => `    ${name.padEnd(width)}  ${adapter.limits[name]}\n`);
  return [
    `${adapterName(adapter)}\n`,
    `  kind      ${adapter.kind === "software" ? "software (computes on the CPU)" : "GPU"}\n`,
    icd ? `  driver    ${icd}\n` : "",
    `  features  ${adapter.features.join(", ") || "none"}\n`,
    `  limits\n${limits.join("")}`,
  ].join("");
}
