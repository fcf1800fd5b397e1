import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DatasetReport } from "../../src/worker/protocol.ts";
import { animatedGif, flatJpeg, png, withOrientation } from "./images.ts";
import { given, openBrowser, openSources, type Site } from "./support.ts";

const ROOT = join(import.meta.dirname, "../..");
const PHOTOS = join(ROOT, "../shared/data/cifar-10-folder");

/** A page with nothing on it, that has loaded what is tested. */
const BLANK = `<!doctype html><title>blank</title><script type="module">
  import { openDecoderPool } from "/src/host/browser/decoder-pool.ts";
  globalThis.openDecoderPool = openDecoderPool;
</script>`;

declare const openDecoderPool: typeof import("../../src/host/browser/decoder-pool.ts").openDecoderPool;

function serveBlank(_request: IncomingMessage, reply: ServerResponse): void {
  reply.setHeader("content-type", "text/html").end(BLANK);
}

let sources: Site;
let browser: Browser;
let page: Page;
/** What the browser complained about. */
let complaints: string[];

beforeAll(async () => {
  sources = await openSources("decode", {
    appType: "custom",
    // Found while a page runs, they would make it load again.
    optimizeDeps: { noDiscovery: true, include: ["comlink", "fflate", "zod"] },
    plugins: [{ name: "blank page", configureServer: ({ middlewares }) => void middlewares.use("/blank", serveBlank) }],
  });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await sources?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${sources.url}blank`);
  await page.waitForFunction(() => "openDecoderPool" in globalThis);
  return () => page.close();
});

type Decoded = { readonly pixels: number[]; readonly workers: number } | { readonly error: string };

/** Decodes with a fresh pool in the page, in as many workers as are asked for. */
async function decode(image: Uint8Array, size: number, workers = 1): Promise<Decoded> {
  return page.evaluate(
    async ([base64, side, count]) => {
      const pool = openDecoderPool(count);
      try {
        const blob = new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))]);
        return { pixels: [...(await pool.decode(blob, side))], workers: pool.workers() };
      } catch (error) {
        return { error: (error as Error).message };
      } finally {
        pool.dispose();
      }
    },
    [Buffer.from(image).toString("base64"), size, workers] as const,
  );
}

async function pixelsOf(image: Uint8Array, size: number, workers = 1): Promise<number[]> {
  const decoded = await decode(image, size, workers);
  if ("error" in decoded) throw new Error(decoded.error);
  expect(decoded.pixels).toHaveLength(size * size * 4);
  expect(decoded.pixels.filter((_, i) => i % 4 === 3 && decoded.pixels[i] !== 255)).toEqual([]);
  return decoded.pixels;
}

const pixelAt = (pixels: number[], size: number, x: number, y: number) =>
  pixels.slice((y * size + x) * 4, (y * size + x) * 4 + 3);
const near = (wanted: readonly number[], tolerance: number) => ({
  asymmetricMatch: (found: number[]) => found.every((value, i) => Math.abs(value - wanted[i]!) <= tolerance),
});

/** A picture that the page draws: left half red, right half blue. */
async function redAndBlue(width: number, height: number, type: string): Promise<Uint8Array> {
  const bytes = await page.evaluate(
    async ([w, h, mime]) => {
      const canvas = new OffscreenCanvas(w, h);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "rgb(255 0 0)";
      context.fillRect(0, 0, w / 2, h);
      context.fillStyle = "rgb(0 0 255)";
      context.fillRect(w / 2, 0, w / 2, h);
      const blob = await canvas.convertToBlob({ type: mime, quality: 1 });
      if (blob.type !== mime) throw new Error(`no encoder for ${mime}`);
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [width, height, type] as const,
  );
  return Uint8Array.from(bytes);
}

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];

describe("decoding", () => {
  test.each(["image/jpeg", "image/png", "image/webp"])("%s, with the middle square kept", async (type) => {
    const pixels = await pixelsOf(await redAndBlue(96, 32, type), 16);
    expect(pixelAt(pixels, 16, 3, 8)).toEqual(near(RED, 6));
    expect(pixelAt(pixels, 16, 12, 8)).toEqual(near(BLUE, 6));
  });

  test("EXIF orientation turns the picture", async () => {
    const jpeg = await redAndBlue(64, 64, "image/jpeg");
    const corner = async (orientation: number) => {
      const pixels = await pixelsOf(withOrientation(jpeg, orientation), 16);
      return [pixelAt(pixels, 16, 2, 2), pixelAt(pixels, 16, 13, 2)];
    };
    expect(await corner(1)).toEqual([near(RED, 6), near(BLUE, 6)]);
    expect(await corner(3)).toEqual([near(BLUE, 6), near(RED, 6)]);
    expect(await corner(6)).toEqual([near(RED, 6), near(RED, 6)]);
    expect(await corner(8)).toEqual([near(BLUE, 6), near(BLUE, 6)]);
  });

  test("transparent pixels lie over white", async () => {
    const image = png(8, 8, 8, (x) => (x < 4 ? [1, 0, 0, 0] : [0, 0, 1, 0.5]));
    const pixels = await pixelsOf(image, 8);
    expect(pixelAt(pixels, 8, 1, 3)).toEqual([255, 255, 255]);
    expect(pixelAt(pixels, 8, 6, 3)).toEqual(near([127, 127, 255], 1));
  });

  test("16 bits a sample, one pixel, and no resizing where none is needed", async () => {
    const colour = (x: number, y: number) => [x / 7, y / 7, 0.5, 1];
    const deep = await pixelsOf(png(8, 8, 16, colour), 8);
    const flat = await pixelsOf(png(8, 8, 8, colour), 8);
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        expect(pixelAt(flat, 8, x, y)).toEqual(
          colour(x, y)
            .slice(0, 3)
            .map((value) => Math.round(value * 255)),
        );
        expect(pixelAt(deep, 8, x, y)).toEqual(near(pixelAt(flat, 8, x, y), 1));
      }
    }
    const dot = await pixelsOf(
      png(1, 1, 8, () => [0.2, 0.4, 0.6, 1]),
      8,
    );
    expect(new Set(dot.map((value, i) => `${i % 4} ${value}`))).toEqual(new Set(["0 51", "1 102", "2 153", "3 255"]));
  });

  test.each([64, 500])("stripes as fine as pixels become grey: %i pixels", async (side) => {
    const stripes = png(side, side, 8, (x) => [x % 2, x % 2, x % 2, 1]);
    const pixels = await pixelsOf(stripes, 32);
    const grey = pixels.filter((_, i) => i % 4 === 0);
    expect(Math.min(...grey)).toBeGreaterThan(100);
    expect(Math.max(...grey)).toBeLessThan(155);
  });

  test("grey, the four inks of printers, and the first picture of an animation", async () => {
    expect(pixelAt(await pixelsOf(flatJpeg(1), 8), 8, 4, 4)).toEqual(near([128, 128, 128], 2));
    // Half of each ink: half of the light passes the colour, half of that the black. Profiles move it a little.
    expect(pixelAt(await pixelsOf(flatJpeg(4), 8), 8, 4, 4)).toEqual(near([64, 64, 64], 30));
    expect(pixelAt(await pixelsOf(animatedGif(), 8), 8, 4, 4)).toEqual(RED);
  });

  test("what is no picture says so", async () => {
    const jpeg = await redAndBlue(64, 64, "image/jpeg");
    const error = "cannot be decoded: it is damaged, or of a kind that this browser does not read";
    expect(await decode(new TextEncoder().encode("hello"), 8)).toEqual({ error });
    expect(await decode(jpeg.subarray(0, 100), 8)).toEqual({ error });
    expect(await decode(new Uint8Array(), 8)).toEqual({ error });
    const photo = await redAndBlue(640, 640, "image/jpeg");
    expect(await decode(photo.subarray(0, photo.length / 2), 8)).toEqual({ error });
  });

  test("a worker and the page itself decode alike", async () => {
    const image = await redAndBlue(200, 150, "image/jpeg");
    expect(await decode(image, 32, 0)).toEqual({ pixels: await pixelsOf(image, 32, 2), workers: 0 });
    expect(await decode(image, 32, 2)).toMatchObject({ workers: 2 });
  });
});

describe("without workers", () => {
  test("where there are none, images are decoded in place", async () => {
    await page.evaluate(() => Reflect.deleteProperty(globalThis, "Worker"));
    expect(await decode(await redAndBlue(64, 64, "image/png"), 8, 2)).toMatchObject({
      workers: 0,
      pixels: expect.any(Array),
    });
  });

  test("where their script cannot be loaded too", async () => {
    await page.route("**/decode-worker*", (route) => route.abort());
    expect(await decode(await redAndBlue(64, 64, "image/png"), 8, 2)).toMatchObject({ pixels: expect.any(Array) });
    expect(complaints).toEqual([]);
  });
});

/** Imports with nested workers, from inside a worker as the engine does. */
async function importInWorker(
  files: Record<string, Uint8Array>,
): Promise<{ report: DatasetReport; bytes: number; workers: number } | { error: string }> {
  return page.evaluate(async (request) => {
    const source = `
      import { importImages } from "${location.origin}/src/data/own/import.ts";
      import { openDecoderPool } from "${location.origin}/src/host/browser/decoder-pool.ts";
      onmessage = async ({ data }) => {
        const pool = openDecoderPool(2);
        try {
          const { dataset, report } = await importImages(data, pool);
          postMessage({ report: { ...report, samples: [] }, bytes: dataset.length, workers: pool.workers() });
        } catch (error) {
          postMessage({ error: error.message });
        } finally {
          pool.dispose();
        }
      };`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    const files = request.map(({ path, base64 }) => ({
      path,
      blob: new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))]),
    }));
    const answer = await new Promise<never>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({ name: "pets", files });
    });
    worker.terminate();
    return answer;
  }, given(files));
}

test("an import in a worker decodes in workers below it, and leaves out what cannot be decoded", async () => {
  const files: Record<string, Uint8Array> = {};
  const jpeg = await redAndBlue(64, 48, "image/jpeg");
  for (let i = 0; i < 12; i++) {
    files[`pets/cat/${i}.png`] = png(20 + i, 30, 8, (x, y) => [x / 40, y / 30, 0, 1]);
    files[`pets/dog/${i}.jpg`] = jpeg;
  }
  files["pets/cat/cut.jpg"] = jpeg.subarray(0, 150);
  files["pets/cat/text.jpg"] = new TextEncoder().encode("not a picture");
  files["pets/notes.txt"] = new TextEncoder().encode("about these pets");
  expect(await importInWorker(files)).toMatchObject({
    workers: 2,
    report: {
      classes: ["cat", "dog"],
      train: [10, 10],
      test: [2, 2],
      skipped: [
        { path: "pets/notes.txt", reason: "is no image by its name (.txt)" },
        {
          path: "pets/cat/cut.jpg",
          reason: "cannot be decoded: it is damaged, or of a kind that this browser does not read",
        },
        { path: "pets/cat/text.jpg", reason: expect.stringContaining("is a text and no image") },
      ],
    },
  });
  const cut = Object.fromEntries(Object.keys(files).map((path) => [path, jpeg.subarray(0, 150)]));
  expect(await importInWorker(cut)).toEqual({
    error: expect.stringMatching(
      /^pets: none of 26 images can be read; the first, pets\/cat\/0\.png, cannot be decoded/,
    ),
  });
});

test.runIf(existsSync(PHOTOS))("real photos in train and test folders", async () => {
  const paths = readdirSync(PHOTOS, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".jpg"));
  const imported = await importInWorker(
    Object.fromEntries(paths.map((path) => [`photos/${path}`, readFileSync(join(PHOTOS, path))])),
  );
  expect(imported).toMatchObject({
    report: { train: Array(10).fill(20), test: Array(10).fill(10), skipped: [], size: 32 },
  });
});
