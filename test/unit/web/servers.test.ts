import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, connect, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The servers of `npm start` and `npm run preview`, each on a port of its own.

const CONFIG = "vite.web.config.ts";
const PORT = { port: 0, strictPort: false };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-servers-"));
  await writeFile(join(folder, "index.html"), "<!doctype html><title>built</title>");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function startDev() {
  // Nothing is loaded here: dependencies need not be looked for.
  const optimizeDeps = { noDiscovery: true };
  const server = await createServer({
    configFile: CONFIG,
    cacheDir: folder,
    logLevel: "error",
    optimizeDeps,
    server: PORT,
  });
  await server.listen();
  return server;
}

const startPreview = () =>
  preview({ configFile: CONFIG, logLevel: "error", build: { outDir: folder }, preview: { ...PORT, open: false } });

const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
/** Of this machine, as others reach it. Link-local ones need the name of their interface. */
const outside = addresses
  .filter(({ internal, address }) => !internal && !address.startsWith("fe80"))
  .map(({ address }) => address);
const loopback6 = addresses
  .filter(({ internal, family }) => internal && family === "IPv6")
  .map(({ address }) => address);

/** The code of the error, or "connected". */
const connection = (port: number, host: string) =>
  new Promise<string>((resolve) => {
    const socket = connect({ port, host }, () => {
      socket.destroy();
      resolve("connected");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
  });

const statusOf = (port: number, host: string, path = "/") =>
  new Promise<number | undefined>((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path, headers: { Host: host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject).end();
  });

describe.each([
  ["the server for developing", startDev],
  ["the server of the built site", startPreview],
])("%s", (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let port: number;
  beforeAll(async () => {
    server = await start();
    port = ((server.httpServer as Server).address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  it("listens on 127.0.0.1 alone", async ({ skip }) => {
    expect((server.httpServer as Server).address()).toMatchObject({ address: "127.0.0.1", family: "IPv4" });
    expect(await connection(port, "127.0.0.1")).toBe("connected");
    for (const address of loopback6) expect(await connection(port, address), address).toBe("ECONNREFUSED");
    if (outside.length === 0) skip("this machine has no address that others reach it by");
    for (const address of outside) expect(await connection(port, address), address).toBe("ECONNREFUSED");
  });

  it("answers by its own names alone, whatever name of another host leads here", async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) expect(await statusOf(port, host), host).toBe(200);
    for (const host of ["another.example", `another.example:${port}`, "127.0.0.1.another.example"]) {
      expect(await statusOf(port, host), host).toBe(403);
      expect(await statusOf(port, host, "/src/web/main.ts"), host).toBe(403);
    }
  });
});
