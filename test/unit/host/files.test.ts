import disk, { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeFiles, readBytes, readText, writeFileAtomic } from "../../../src/host/node/files.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-files-"));
});

afterEach(() => rm(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  it("creates folders, replaces content and leaves nothing else behind", async () => {
    const path = join(folder, "a/b/model.bin");
    await writeFileAtomic(path, "first, and longer");
    await writeFileAtomic(path, new Uint8Array([1, 2, 255]));
    expect([...(await readBytes(path))]).toEqual([1, 2, 255]);
    expect(await readdir(join(folder, "a/b"))).toEqual(["model.bin"]);
  });

  it("never shows a reader a part of a file", async () => {
    const path = join(folder, "log.yaml");
    const texts = ["a".repeat(4_000_000), "b".repeat(2_000_000)];
    await writeFileAtomic(path, texts[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 10; i++) await writeFileAtomic(path, texts[i % 2]!);
      writing = false;
    })();
    const seen = new Set<string>();
    while (writing) {
      const text = await readFile(path, "utf8");
      seen.add(`${text[0]}${text.length}`);
    }
    await writer;
    expect(seen.size).toBeGreaterThan(0);
    expect(["a4000000", "b2000000"]).toEqual(expect.arrayContaining([...seen]));
  });

  it("keeps the old file and removes its own when it fails", async () => {
    await mkdir(join(folder, "taken"));
    await writeFile(join(folder, "taken/x"), "");
    await expect(writeFileAtomic(join(folder, "taken"), "data")).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("it is a folder"),
    });
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("a file that is read back before it replaces the one before", () => {
  /** A disk that gives back other bytes than it was given. */
  function onFailingDisk<T>(work: () => Promise<T>): Promise<T> {
    const { readFile: original } = disk;
    disk.readFile = (async (...args: Parameters<typeof readFile>) => {
      const bytes = Buffer.from(await original(...args));
      bytes[0]! ^= 1;
      return bytes;
    }) as typeof readFile;
    syncBuiltinESMExports();
    return work().finally(() => {
      disk.readFile = original;
      syncBuiltinESMExports();
    });
  }

  it.each(["text, and longer than before", Uint8Array.of(1, 2, 255)])("does so if it is the same", async (data) => {
    const path = join(folder, "model.bin");
    await writeFileAtomic(path, "before");
    await writeFileAtomic(path, data, { verify: true });
    expect([...(await readBytes(path))]).toEqual([...Buffer.from(data)]);
  });

  it("leaves that one alone if it is not", async () => {
    const path = join(folder, "model.bin");
    await writeFileAtomic(path, "before");
    const writing = onFailingDisk(() => writeFileAtomic(path, "after", { verify: true }));
    await expect(writing).rejects.toMatchObject({
      code: "io",
      message: `cannot write ${path}: what was read back is not what was written: the disk may be failing`,
    });
    expect(await readText(path)).toBe("before");
    expect(await readdir(folder)).toEqual(["model.bin"]);
  });
});

describe("reading", () => {
  it("drops a byte order mark", async () => {
    await writeFile(join(folder, "conf.yaml"), "\ufeffa: 1\n");
    expect(await readText(join(folder, "conf.yaml"))).toBe("a: 1\n");
  });

  it("says in words why a file cannot be read", async () => {
    const missing = join(folder, "none.yaml");
    await expect(readText(missing)).rejects.toMatchObject({
      name: "SupernetError",
      code: "io",
      message: `cannot read ${missing}: it does not exist`,
    });
    await expect(readBytes(folder)).rejects.toThrow("it is a folder, not a file");
  });
});

describe("the tree of files", () => {
  it("lists what lies below a folder, in order, but nothing unfinished", async () => {
    await nodeFiles.appendText(join(folder, "run/b/log.log"), "one\n");
    await nodeFiles.appendText(join(folder, "run/b/log.log"), "two\n");
    await nodeFiles.writeFile(join(folder, "run/a.yaml"), "a: 1\n");
    await writeFile(join(folder, "run/.a.yaml.0123abcd.tmp"), "a:");
    const now = Date.now();
    const files = await nodeFiles.list(join(folder, "run"));
    expect(files.map(({ path, bytes }) => [path, bytes])).toEqual([
      ["a.yaml", 5],
      ["b/log.log", 8],
    ]);
    for (const { modified } of files) expect(Math.abs(modified - now)).toBeLessThan(60_000);
    expect(await nodeFiles.list(join(folder, "none"))).toEqual([]);
  });

  it("removes what writes that were cut off have left, and nothing else", async () => {
    const names = ["a.yaml", ".a.yaml.0123abcd.tmp", "deep/.model.safetensors.ffffffff.tmp", "own.tmp", ".own.tmp"];
    await mkdir(join(folder, "run/deep"), { recursive: true });
    for (const name of names) await writeFile(join(folder, "run", name), "");
    await nodeFiles.removeTemporary(join(folder, "run"));
    expect((await readdir(join(folder, "run"))).sort()).toEqual([".own.tmp", "a.yaml", "deep", "own.tmp"]);
    expect(await readdir(join(folder, "run/deep"))).toEqual([]);
    await nodeFiles.removeTemporary(join(folder, "none"));
  });

  it("removes a folder with all it contains, and does not mind if there is none", async () => {
    await nodeFiles.writeFile(join(folder, "run/a/b.txt"), "b");
    await nodeFiles.remove(join(folder, "run"));
    await nodeFiles.remove(join(folder, "run"));
    expect(await nodeFiles.exists(join(folder, "run"))).toBe(false);
    expect(await nodeFiles.exists(folder)).toBe(true);
  });
});

it("lists a folder with what lies in its folders, or without", async () => {
  await nodeFiles.writeFile(join(folder, "a.txt"), "1");
  await nodeFiles.writeFile(join(folder, "deep/b.txt"), "22");
  expect((await nodeFiles.list(folder)).map(({ path, bytes }) => [path, bytes])).toEqual([
    ["a.txt", 1],
    ["deep/b.txt", 2],
  ]);
  expect((await nodeFiles.list(folder, { recursive: false })).map(({ path }) => path)).toEqual(["a.txt"]);
});

describe("readText", () => {
  it("ends at 64 MiB, also where there is no end", async () => {
    const endless = process.platform === "win32" ? join(folder, "large") : "/dev/zero";
    if (process.platform === "win32") await writeFile(endless, new Uint8Array(2 ** 26 + 1));
    await expect(readText(endless)).rejects.toMatchObject({
      code: "io",
      message: `cannot read ${endless}: it is longer than 64 MiB: is it the right file?`,
    });
  });

  it.each(["", "\0", "x\0.yaml", "a/".repeat(5000), "."])("refuses the name %j", async (name) => {
    await expect(readText(join(folder, name))).rejects.toMatchObject({
      code: "io",
      message: expect.stringMatching(/^cannot read /),
    });
  });
});
