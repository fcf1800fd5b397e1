import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `body` while no other process runs one under the same `path` (a folder that exists while the lock is held).
 * A lock whose owner has died is taken over.
 */
export async function withLock(path, body) {
  mkdirSync(dirname(path), { recursive: true });
  while (!tryAcquire(path)) await sleep(100);
  try {
    return await body();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function tryAcquire(path) {
  try {
    mkdirSync(path);
    writeFileSync(join(path, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (isAbandoned(path)) discard(path);
    return false;
  }
}

/** Of several who find the same dead lock only one succeeds in renaming it: nobody deletes a lock that is alive again. */
function discard(path) {
  const grave = `${path}.${process.pid}`;
  try {
    renameSync(path, grave);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  rmSync(grave, { recursive: true, force: true });
}

function isAbandoned(path) {
  try {
    process.kill(Number(readFileSync(join(path, "pid"), "utf8")), 0);
    return false;
  } catch (error) {
    if (error.code === "ESRCH") return true;
    // Owner unreadable: it is writing its pid just now, or died before it could.
    if (error.code === "ENOENT")
      return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < Date.now() - 5000;
    return false;
  }
}
