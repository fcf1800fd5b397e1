import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { layOut } from "../../../../src/data/own/layout.ts";

/** "class/split:path" of every image, then what was left out. */
function shown(paths: readonly string[]) {
  const { classes, images, skipped, folder } = layOut(paths);
  return {
    folder,
    images: images.map(({ file, label, split }) => `${classes[label]}${split ? ` ${split}` : ""}: ${paths[file]}`),
    skipped: skipped.map(({ path, reason }) => `${path} ${reason}`),
  };
}

describe("class folders", () => {
  test("at the top, and inside any number of folders; images may lie deeper", () => {
    expect(shown(["dog/1.jpg", "cat/2.png", "cat/old/3.jpeg"])).toEqual({
      folder: "",
      images: ["cat: cat/2.png", "cat: cat/old/3.jpeg", "dog: dog/1.jpg"],
      skipped: [],
    });
    expect(shown(["a/b/dog/1.jpg", "a/b/cat/2.png"])).toMatchObject({
      folder: "a/b",
      images: ["cat: a/b/cat/2.png", "dog: a/b/dog/1.jpg"],
    });
  });

  test("below train and test folders, or around them", () => {
    expect(
      shown(["x/train/dog/1.jpg", "x/Test/dog/2.jpg", "x/val/cat/3.jpg", "x/extra/4.jpg", "x/test/5.jpg"]),
    ).toEqual({
      folder: "x",
      images: ["cat test: x/val/cat/3.jpg", "dog test: x/Test/dog/2.jpg", "dog train: x/train/dog/1.jpg"],
      skipped: ["x/extra/4.jpg is beside the train and test folders", "x/test/5.jpg is in no class folder"],
    });
    expect(shown(["cat/train/1.jpg", "cat/validation/2.jpg", "dog/training/3.jpg"]).images).toEqual([
      "cat train: cat/train/1.jpg",
      "cat test: cat/validation/2.jpg",
      "dog train: dog/training/3.jpg",
    ]);
    expect(shown(["p/cat/train/1.jpg", "p/cat/test/2.jpg"]).images).toEqual([
      "cat test: p/cat/test/2.jpg",
      "cat train: p/cat/train/1.jpg",
    ]);
  });

  test("a train is a class among vehicles", () => {
    expect(shown(["car/1.jpg", "train/2.jpg"]).images).toEqual(["car: car/1.jpg", "train: train/2.jpg"]);
    expect(shown(["train/1.jpg", "test/2.jpg"]).images).toEqual([]);
  });

  test("images outside of class folders are left out; what systems leave behind is not worth a word", () => {
    const litter = [".DS_Store", "p/.hidden/1.jpg", "__MACOSX/p/cat/._1.jpg", "p/cat/Thumbs.db", "p/desktop.ini"];
    expect(shown([...litter, "p/cat/1.jpg", "p/dog/2.jpg", "p/cover.jpg", "top.jpg"])).toEqual({
      folder: "p",
      images: ["cat: p/cat/1.jpg", "dog: p/dog/2.jpg"],
      skipped: ["p/cover.jpg is in no class folder", "top.jpg is in no class folder"],
    });
    expect(shown(["1.jpg", "2.jpg"])).toEqual({
      folder: "",
      images: [],
      skipped: ["1.jpg is in no class folder", "2.jpg is in no class folder"],
    });
  });

  test("other files are left out with a reason, and never decide what a class is", () => {
    expect(shown(["readme.txt", "p/labels.csv", "p/cat/1.jpg", "p/dog/2.heic", "p/dog/3", "q/x.xml"])).toEqual({
      folder: "p",
      images: ["cat: p/cat/1.jpg", "dog: p/dog/3"],
      skipped: [
        "readme.txt is no image by its name (.txt)",
        "p/labels.csv is no image by its name (.csv)",
        "p/dog/2.heic is a .heic image, which cannot be read here; convert it to JPEG or PNG",
        "q/x.xml is no image by its name (.xml)",
      ],
    });
  });

  test("a single class is seen as one", () => {
    expect(layOut(["pets/cat/1.jpg", "pets/cat/2.jpg"])).toMatchObject({ classes: ["cat"], folder: "pets" });
    expect(layOut(["cat/1.jpg"])).toMatchObject({ classes: ["cat"], folder: "" });
  });
});

test("classes and images are in natural order", () => {
  const { classes, images } = layOut(["10/a.jpg", "2/img10.jpg", "2/img9.jpg", "b/1.jpg", "A/1.jpg"]);
  expect(classes).toEqual(["2", "10", "A", "b"]);
  expect(images.map(({ file }) => file)).toEqual([2, 1, 0, 4, 3]);
});

const word = fc.stringMatching(/^[a-zA-Z0-9]{1,8}$/);
const className = word.filter((name) => !/^(train(ing)?|test(ing)?|val(id(ation)?)?|icon)$/i.test(name));

test("whatever encloses them and in whatever order they come, the same classes and splits are found", () => {
  const layout = fc.record({
    outer: fc.array(className, { maxLength: 3 }),
    classes: fc.uniqueArray(className, { minLength: 2, maxLength: 5 }),
    splits: fc.constantFrom([""], ["train", "test"], ["train", "val", "test"], ["Training", "Validation"]),
    files: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(layout, fc.infiniteStream(fc.nat()), ({ outer, classes, splits, files }, keys) => {
      const wanted = splits.flatMap((split) =>
        classes.flatMap((name) =>
          files.map((file) => ({
            name,
            split,
            path: [...outer, ...(split ? [split] : []), name, `${file}.jpg`].join("/"),
          })),
        ),
      );
      const order = wanted.map((file) => ({ file, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
      const paths = order.map(({ file }) => file.path);
      const found = layOut(paths);
      expect(found.skipped).toEqual([]);
      expect(found.folder).toBe(outer.join("/"));
      expect(new Set(found.classes)).toEqual(new Set(classes));
      expect(found.images).toHaveLength(wanted.length);
      for (const { file, label, split } of found.images) {
        const { name, split: folder } = order[file]!.file;
        expect(found.classes[label]).toBe(name);
        expect(split).toBe(folder === "" ? undefined : /^train/i.test(folder) ? "train" : "test");
      }
    }),
  );
});

test("any paths: each is placed once, left out once, or litter", () => {
  const part = fc.oneof(word, fc.constantFrom("train", "test", ".git", "__MACOSX", "a.jpg", "b.txt"));
  fc.assert(
    fc.property(fc.array(fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"))), (paths) => {
      const { images, skipped, classes } = layOut(paths);
      const litter = paths.filter((path) => /(^|\/)(\.git|__MACOSX|icon)(\/|$)/i.test(path)).length;
      expect(new Set(images.map(({ file }) => file)).size).toBe(images.length);
      expect(images.length + skipped.length + litter).toBeGreaterThanOrEqual(paths.length);
      expect(images.length + skipped.length).toBeLessThanOrEqual(paths.length);
      for (const { label } of images) expect(classes[label]).toBeDefined();
    }),
  );
});
