import { describe, expect, it } from "vitest";
import { droppedFiles, unreadableNote } from "../../../src/web/state/dropped-files.ts";

const gone = new DOMException("A requested file or directory could not be found", "NotFoundError");

/** A file as browsers hand it out; without a text, one that cannot be read. */
function file(fullPath: string, text?: string) {
  return {
    isFile: true,
    fullPath,
    file: (resolve: (file: Blob) => void, reject: (error: DOMException) => void) =>
      text === undefined ? reject(gone) : resolve(new Blob([text])),
  };
}

/** A folder that hands out its entries one by one, and fails after them if it is `broken`. */
function folder(fullPath: string, entries: readonly object[], broken = false) {
  const left = [...entries];
  const readEntries = (resolve: (part: object[]) => void, reject: (error: DOMException) => void) =>
    broken && left.length === 0 ? reject(gone) : resolve(left.splice(0, 1));
  return { isFile: false, fullPath, createReader: () => ({ readEntries }) };
}

function drop(...entries: (object | null)[]) {
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
  return droppedFiles({ items: items as unknown as DataTransferItemList });
}

describe("what is dropped", () => {
  it("is walked through with its paths; text is no file", async () => {
    const cats = folder("/pets/cat", [file("/pets/cat/1.png", "a"), file("/pets/cat/2.png", "b")]);
    const { files, unreadable } = await drop(folder("/pets", [cats]), null, file("/more.zip", "c"));
    expect(files.map(({ path }) => path)).toEqual(["pets/cat/1.png", "pets/cat/2.png", "more.zip"]);
    expect(await files[1]!.blob.text()).toBe("b");
    expect(unreadable).toEqual([]);
  });

  it("keeps what can be read of it, and names the rest", async () => {
    const cats = folder("/pets/cat", [file("/pets/cat/1.png"), file("/pets/cat/2.png", "b")]);
    const dogs = folder("/pets/dog", [file("/pets/dog/1.png", "c")], true);
    const { files, unreadable } = await drop(folder("/pets", [cats, dogs]));
    expect(files.map(({ path }) => path)).toEqual(["pets/cat/2.png", "pets/dog/1.png"]);
    expect(unreadable).toEqual(["pets/cat/1.png", "pets/dog"]);
  });
});

it.each([
  [[], ""],
  [
    ["pets/1.png"],
    "Left out, because the browser cannot read it: pets/1.png. Check that it is still there and may be read, then drop it again.",
  ],
  [
    ["a", "b", "c", "d", "e"],
    "Left out, because the browser cannot read it: a, b, c and 2 more. Check that it is still there and may be read, then drop it again.",
  ],
])("of %j it says %j", (unreadable, note) => {
  expect(unreadableNote(unreadable)).toBe(note);
});
