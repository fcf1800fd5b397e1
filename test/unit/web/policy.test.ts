import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { headerPolicy, hotReloadPolicy, metaPolicy } from "../../../vite.policy.ts";

const PAGES = [
  "index.html",
  ...readdirSync("public").flatMap((name) => (name.endsWith(".html") ? [`public/${name}`] : [])),
];

test.each(PAGES)("%s is under the policy from its first tag on, which nothing in it breaks", (path) => {
  const html = readFileSync(path, "utf8");
  const head = html.slice(html.indexOf("<head>"));
  const tags = [...head.matchAll(/<(\w+)[^>]*>/g)].map(([tag]) => tag.replaceAll(/\s+/g, " "));
  expect(tags.slice(1, 3)).toEqual([
    '<meta charset="utf-8" />',
    `<meta http-equiv="Content-Security-Policy" content="${metaPolicy}" />`,
  ]);
  // Addresses of types before any script that needs them.
  expect(tags.find((tag) => tag.startsWith("<script"))).toMatch(/trusted-types\.js"/);
  for (const tag of tags) expect(tag).not.toMatch(/ on\w+=| style=|<style|<base|<script(?![^>]* src=)/);
  expect(html).not.toMatch(/<script[^>]*>[^<]/);
});

test("what is allowed beyond nothing", () => {
  expect([metaPolicy, headerPolicy].map((policy) => policy.split("; "))).toMatchInlineSnapshot(`
    [
      [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types lit-html default",
      ],
      [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ],
    ]
  `);
});

test("developing adds what Vite's client needs, to the page that it is in", () => {
  const { transformIndexHtml, apply } = hotReloadPolicy;
  expect(apply).toBe("serve");
  const html = (transformIndexHtml as (html: string) => string)(readFileSync("index.html", "utf8"));
  const added = /Policy"\s+content="([^"]*)"/
    .exec(html)![1]!
    .split("; ")
    .filter((part) => !metaPolicy.split("; ").includes(part));
  expect(added).toMatchInlineSnapshot(`
    [
      "worker-src 'self' blob:",
      "style-src 'self' 'unsafe-inline'",
      "connect-src 'self'",
    ]
  `);
});
