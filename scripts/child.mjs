import { spawn } from "node:child_process";
import { constants } from "node:os";
import { ROOT, SetupError } from "./setup.mjs";

/**
 * Runs a Node program in the checkout with the terminal as its own. Resolves to its exit code (128 + signal).
 * @param after what it prints is kept back until this has resolved; default is to print at once
 */
export function runNode(args, env, after) {
  return new Promise((resolve, reject) => {
    const stdio = after ? ["ignore", "pipe", "pipe"] : "inherit";
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio });
    if (after) for (const stream of [child.stdout, child.stderr]) printAfter(stream, after);
    // Ctrl-C in a terminal reaches the child by itself; here it must only not end this process before the child.
    const interrupt = () => process.stdin.isTTY || child.kill("SIGINT");
    const terminate = () => child.kill("SIGTERM");
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", terminate);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

async function printAfter(stream, after) {
  const kept = [];
  let print = (chunk) => kept.push(chunk);
  stream.on("data", (chunk) => print(chunk));
  await after;
  print = (chunk) => process.stdout.write(chunk);
  kept.forEach(print);
}

/** Runs `body` and ends the process with the exit code it resolves to; a SetupError becomes one line on stderr. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    process.exitCode = 1;
  }
}
