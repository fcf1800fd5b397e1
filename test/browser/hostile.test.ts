import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { strToU8, zipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comparisonPlot } from "../../src/report/comparison-plot.ts";
import { runHash } from "../../src/web/state/run-link.ts";
import type { StoredSummary } from "../../src/worker/summary.ts";
import { headerPolicy } from "../../vite.policy.ts";
import { summary } from "../unit/web/events.ts";
import { png } from "./images.ts";
import { runButton, status, useSite, visit } from "./support.ts";

// What others hand to a person who uses the page: links, files, and pages of their own that open it.

const at = useSite();

/** Each would call `hacked` if it were taken for markup, an address or a template, and is a folder's name all the same. */
const NAMES = [
  "<img src=x onerror=hacked()>",
  "\"'><svg onload=hacked()>",
  "<iframe srcdoc='<script>hacked()'>",
  "javascript:hacked()",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is to be none
  "${hacked()}{{hacked()}}<%=hacked()%>",
];
const [IMG = "", SVG = "", IFRAME = ""] = NAMES;
const SCRIPT = "</script><script>hacked()</script>";

/** Elements that names have become, in the page and its components. */
const planted = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    const look = (root: ParentNode) => {
      for (const element of root.querySelectorAll("*")) {
        const active = [...element.attributes].some(
          ({ name, value }) => /^on|srcdoc/.test(name) || /^javascript:/.test(value),
        );
        // A choice of a list may be called what it likes.
        if ((active && element.localName !== "option") || element.localName === "iframe") found.push(element.outerHTML);
        if (element.shadowRoot) look(element.shadowRoot);
      }
    };
    look(document);
    return found;
  });

describe("names that look like code", () => {
  it("are names, of dropped files and their classes", { timeout: 60_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}#data`);
    const picture = png(8, 8, 8, (x, y) => [x / 8, y / 8, 0.5, 1]);
    const images = NAMES.flatMap((name) => [0, 1, 2, 3].map((i) => [`${name}/${IMG}${i}.png`, picture] as const));
    const files = { ...Object.fromEntries(images), [`${IMG}/${SVG}.txt`]: strToU8("no picture") };
    await page
      .locator("sn-import-form input[type=file]:not([webkitdirectory])")
      .setInputFiles({ name: `${SVG}.zip`, mimeType: "application/zip", buffer: Buffer.from(zipSync(files)) });
    await page.getByRole("button", { name: "Import 1 file" }).click();
    await page.getByRole("heading", { name: "svg-onload-hacked" }).waitFor();
    for (const name of NAMES) await page.getByRole("img", { name: `Images of ${name}`, exact: true }).waitFor();
    expect((await page.locator("sn-contact-sheet .name").allInnerTexts()).sort()).toEqual([...NAMES].sort());
    await page.getByText("1 file was left out").click();
    await page.getByText(`${IMG}/${SVG}.txt`).waitFor();
    expect(await planted(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("are names, of everything that a kept run has", { timeout: 60_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}#runs`);
    const { search, eval: evaluation } = summary;
    const named = (run: string, name: string): StoredSummary => ({
      ...summary,
      name: run,
      algo: name,
      dataset: SCRIPT,
      adapter: name,
      search: {
        ...search!,
        cells: search!.cells.map((cell) => ({ ...cell, edges: cell.edges.map((edge) => ({ ...edge, op: name })) })),
        weights: search!.weights.map((cell) => ({ ...cell, primitives: [IMG, SVG, IFRAME, SCRIPT] })),
      },
      eval: {
        ...evaluation!,
        classes: [IMG, SVG],
        confusion: [
          [1, 0],
          [0, 1],
        ],
      },
    });
    const kept = [IMG, SVG].map((name) => [`${name}_eval`, JSON.stringify(named(name, name))] as const);
    await page.evaluate(async (runs) => {
      const root = await navigator.storage.getDirectory();
      const all = await root.getDirectoryHandle("runs", { create: true });
      for (const [name, text] of runs) {
        const folder = await all.getDirectoryHandle(name, { create: true });
        const file = await (await folder.getFileHandle("run.json", { create: true })).createWritable();
        await file.write(text);
        await file.close();
      }
    }, kept);
    await page.reload();
    await page.getByRole("button", { name: `Open ${IMG}`, exact: true }).click();
    await page.getByText(`${IMG} on ${SCRIPT}, seed 2, on ${IMG}`).waitFor();
    const confusion = page.getByRole("group", { name: "Confusion matrix" });
    expect(await confusion.getByRole("rowheader").allInnerTexts()).toEqual([IMG, SVG]);
    const drawing = page.getByRole("group", { name: "Normal cell, drawn" });
    await drawing.getByText(IMG, { exact: true }).first().waitFor();
    await page.locator("sn-heat-map").first().getByText(SCRIPT).first().waitFor();
    for (const name of [IMG, SVG]) await page.getByLabel(`Compare ${name}`, { exact: true }).check();
    await page.getByRole("group", { name: "Figures of the compared runs" }).getByText(SCRIPT).first().waitFor();
    expect(await planted(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("are text in the plots that runs leave", async () => {
    const page = await at.context.newPage();
    const names = [...NAMES, SCRIPT, "]]>&amp;\0\u001b[31m\ud800"];
    const outcome = { top1: 0.5, params: 1, macs: 1 };
    const runs = names.map((algo) => ({ algo, dataset: SCRIPT, seed: 0, name: algo, outcome }));
    const { texts, others } = await page.evaluate(
      (svg) => {
        const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
        const others = [...parsed.querySelectorAll("parsererror, script, img, iframe, svg svg")];
        const texts = [...parsed.querySelectorAll("text")].map(({ textContent }) => textContent);
        return { texts, others: others.map(({ outerHTML }) => outerHTML) };
      },
      comparisonPlot(runs, SCRIPT),
    );
    expect(others).toEqual([]);
    expect(texts).toEqual(
      expect.arrayContaining([`Test accuracy on ${SCRIPT}`, ...NAMES, SCRIPT, "]]>&amp;\ufffd\ufffd[31m\ufffd"]),
    );
  });

  it("are text in the conf of a link, of which nothing runs by itself", { timeout: 60_000 }, async () => {
    const confText = `common: {experiment_desc: "${SCRIPT}"}\n${JSON.stringify(IMG)}: 1\n`;
    const link = runHash({ algo: "darts", dataset: "shapes", confText, overrides: ["--a.b", IMG] });
    const { page, faults } = await visit(at.context, at.site.url + link);
    const editor = page.getByLabel("Conf in YAML");
    await editor.waitFor();
    expect(await editor.innerText()).toContain(SCRIPT);
    expect(await page.getByLabel("Overrides, as on a command line").inputValue()).toContain(IMG);
    expect(await status(page).count()).toBe(0);
    await runButton(page).click();
    const told = page.locator("sn-progress [role=alert]");
    await told.waitFor();
    expect(await told.innerText()).toContain("--a.b: the conf has no such key");
    expect(await planted(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});

/** What happened to each attempt, made outside of the debugger's own calls, which a policy does not bind. */
type Outcomes = Readonly<Record<string, string>>;

describe("the policy", () => {
  it("is sent with every file", async () => {
    for (const path of ["index.html", "embed.html", "article.html", "element/supernet-search.js", "embed.js"]) {
      const { ok, headers } = await fetch(at.site.url + path);
      expect([ok, headers.get("content-security-policy")]).toEqual([true, headerPolicy]);
    }
  });

  it("lets no code and no address in", { timeout: 60_000 }, async () => {
    const { page, faults } = await visit(at.context, at.site.url);
    await page.getByText(/WebGPU, /).waitFor();
    expect(faults).toEqual([]);
    const outcomes = await page.evaluate(async (): Promise<Outcomes> => {
      const refused: string[] = [];
      addEventListener("securitypolicyviolation", ({ effectiveDirective }) => refused.push(effectiveDirective));
      const add = (tag: string, properties: object) =>
        document.body.append(Object.assign(document.createElement(tag), properties));
      const attempts: Readonly<Record<string, () => unknown>> = {
        "an inline script": () => add("script", { text: "globalThis.hacked = 1" }),
        "a handler": () => document.body.setAttribute("onclick", "globalThis.hacked = 1"),
        markup: () => add("div", { innerHTML: "<img src=x onerror=hacked()>" }),
        // biome-ignore lint/security/noGlobalEval: it is to be refused
        eval: () => globalThis.eval("1"),
        "a script of another origin": () => add("script", { src: "http://127.0.0.1:9/x.js" }),
        "a module of another origin": () => add("link", { rel: "modulepreload", href: "http://127.0.0.1:9/x.js" }),
        "a worker of another origin": () => new Worker("http://127.0.0.1:9/x.js"),
        "a worker of a blob": () => new Worker(URL.createObjectURL(new Blob([""]))),
        "a request": () => fetch("http://127.0.0.1:9/"),
        "a request to this server": () => fetch("./"),
        "a beacon": () => navigator.sendBeacon("http://127.0.0.1:9/", "x"),
        "a socket": () => new WebSocket("ws://127.0.0.1:9/"),
        "a picture of another origin": () => add("img", { src: "http://127.0.0.1:9/x.png" }),
        "a style": () => add("style", { textContent: "body { color: red }" }),
        "a frame": () => add("iframe", { src: "./" }),
        "a base": () =>
          document.head.append(Object.assign(document.createElement("base"), { href: "http://127.0.0.1:9/" })),
      };
      const outcomes: Record<string, string> = {};
      for (const [name, attempt] of Object.entries(attempts)) {
        refused.length = 0;
        setTimeout(() =>
          Promise.resolve()
            .then(attempt)
            .catch(() => undefined),
        );
        for (let waited = 0; refused.length === 0 && waited < 200; waited++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        outcomes[name] = [...new Set(refused)].join(" ");
      }
      return { ...outcomes, hacked: String("hacked" in globalThis) };
    });
    expect(outcomes).toMatchInlineSnapshot(`
        {
          "a base": "base-uri",
          "a beacon": "connect-src",
          "a frame": "frame-src",
          "a handler": "require-trusted-types-for",
          "a module of another origin": "script-src-elem",
          "a picture of another origin": "img-src",
          "a request": "connect-src",
          "a request to this server": "connect-src",
          "a script of another origin": "require-trusted-types-for",
          "a socket": "connect-src",
          "a style": "style-src-elem",
          "a worker of a blob": "worker-src",
          "a worker of another origin": "require-trusted-types-for",
          "an inline script": "require-trusted-types-for",
          "eval": "require-trusted-types-for",
          "hacked": "false",
          "markup": "require-trusted-types-for",
        }
      `);
  });

  it("binds the engine's worker too", { timeout: 60_000 }, async () => {
    const { page } = await visit(at.context, at.site.url);
    const worker = page.workers()[0] ?? (await page.waitForEvent("worker"));
    const reached = await worker.evaluate(() =>
      fetch(location.href).then(
        () => true,
        () => false,
      ),
    );
    expect(reached).toBe(false);
  });
});

describe("a page of another origin", () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.setHeader("Content-Type", "text/html").end("<!doctype html><title>another</title>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => void server.close());

  it("that opens the page talks to nobody: whatever it posts starts, changes and answers nothing", {
    timeout: 60_000,
  }, async () => {
    const { page: other } = await visit(at.context, url);
    const opened = other.waitForEvent("popup");
    await other.evaluate((target) => Object.assign(globalThis, { target: open(target) }), `${at.site.url}#runs`);
    const page = await opened;
    await page.getByRole("heading", { name: "Kept runs" }).waitFor();
    const kept = page.getByRole("row", { name: IMG });
    await kept.waitFor();
    await page.evaluate(() => {
      addEventListener("message", () =>
        Object.assign(globalThis, { heard: ((globalThis as { heard?: number }).heard ?? 0) + 1 }),
      );
    });
    // As Comlink writes them, and as its proxies would.
    const raw = (value: unknown) => ({ type: "RAW", value });
    const request = { algo: "darts", dataset: "shapes" };
    const messages = [
      { id: "1", type: "APPLY", path: ["start"], argumentList: [raw(request), raw(null)] },
      { id: "2", type: "APPLY", path: ["remove"], argumentList: [raw(IMG)] },
      { id: "3", type: "GET", path: [] },
      { id: "4", type: "SET", path: ["document", "title"], value: raw("hacked") },
      { id: "5", type: "CONSTRUCT", path: ["Worker"], argumentList: [raw("x")] },
      { id: "6", type: "ENDPOINT" },
      { id: "7", type: "RELEASE" },
      "start",
      { kind: "started", name: SCRIPT, phases: ["search"] },
    ];
    const answers = await other.evaluate(async (posted) => {
      const { target } = globalThis as unknown as { target: Window };
      const heard: unknown[] = [];
      addEventListener("message", ({ data }) => heard.push(data));
      for (const message of posted) target.postMessage(message, "*");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return heard;
    }, messages);
    expect(answers).toEqual([]);
    await page.evaluate((posted) => {
      for (const message of posted) postMessage(message, location.origin);
    }, messages);
    const heard = () => page.evaluate(() => (globalThis as { heard?: number }).heard);
    await expect.poll(heard, { message: "messages that have reached the page" }).toBe(2 * messages.length);
    await page.waitForTimeout(500);
    expect(await page.title()).toBe("supernet: architecture search in a tab");
    expect(await status(page).count()).toBe(0);
    await page.reload();
    await kept.waitFor();
  });

  it("cannot frame the page", { timeout: 60_000 }, async () => {
    const { page, faults } = await visit(at.context, url);
    await page.evaluate((framed) => {
      document.body.append(Object.assign(document.createElement("iframe"), { src: framed }));
    }, at.site.url);
    await expect.poll(() => faults.join()).toMatch(/frame-ancestors 'none'/);
    await expect.poll(() => page.frames()[1]?.url()).toMatch(/^chrome-error:/);
  });
});
