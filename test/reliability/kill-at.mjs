/**
 * Preloaded into a process (`node --import`), it ends it with SIGKILL at an exact moment, and writes down all moments that it
 * passes: the product has no such switch. Moments are submissions of GPU work ("submit") and the steps of every write of a file
 * below MOMENTS_ROOT: "half FILE" (half of its temporary file is written), "rename FILE" and "renamed FILE" (right before and
 * after it takes its place), "torn FILE" (half of what is appended is), "remove FILE".
 *
 * KILL_AT is "<n> <moment>": the n-th of that moment in its thread, from 1. MOMENTS_TO names the file that they are written to.
 */
import { appendFileSync } from "node:fs";
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { isMainThread } from "node:worker_threads";

const { KILL_AT, MOMENTS_TO, MOMENTS_ROOT = "/" } = process.env;

const passed = new Map();

/** Whether the process is to end now. */
function isDue(moment) {
  const count = (passed.get(moment) ?? 0) + 1;
  passed.set(moment, count);
  if (MOMENTS_TO) appendFileSync(MOMENTS_TO, `${moment}\n`);
  return KILL_AT === `${count} ${moment}`;
}

function end() {
  process.kill(process.pid, "SIGKILL");
  // Not a single step more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const pass = (moment) => isDue(moment) && end();

/** What is written to, if it is a file of a run. */
function nameOf(path) {
  const name = basename(path).replace(/^\.(.+)\.[0-9a-f]{8}\.tmp$/, "$1");
  const below = relative(MOMENTS_ROOT, join(dirname(path), name));
  return below.startsWith("..") ? undefined : below;
}

const half = (data) => Buffer.from(data).subarray(0, Math.floor(Buffer.byteLength(data) / 2));

if (!isMainThread) {
  const { open, rename, appendFile, rm } = files;
  Object.assign(files, {
    async open(path, flags, ...rest) {
      const handle = await open(path, flags, ...rest);
      const name = flags === "wx" ? nameOf(path) : undefined;
      if (name === undefined) return handle;
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (data) => {
        if (isDue(`half ${name}`)) {
          await write(half(data));
          end();
        }
        return write(data);
      };
      return handle;
    },
    async rename(from, to) {
      const name = nameOf(to);
      if (name !== undefined) pass(`rename ${name}`);
      await rename(from, to);
      if (name !== undefined) pass(`renamed ${name}`);
    },
    async appendFile(path, text) {
      const name = nameOf(path);
      if (name !== undefined && isDue(`torn ${name}`)) {
        await appendFile(path, half(text));
        end();
      }
      await appendFile(path, text);
    },
    async rm(path, options) {
      const name = nameOf(path);
      if (name !== undefined) pass(`remove ${name}`);
      await rm(path, options);
    },
  });
  syncBuiltinESMExports();

  const { globals } = await import("webgpu");
  const { submit } = globals.GPUQueue.prototype;
  globals.GPUQueue.prototype.submit = function (...buffers) {
    pass("submit");
    return submit.apply(this, buffers);
  };
}
