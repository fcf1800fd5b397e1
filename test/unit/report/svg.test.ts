import fc from "fast-check";
import { expect, test } from "vitest";
import { comparisonPlot } from "../../../src/report/comparison-plot.ts";
import { tries } from "../fuzz/support.ts";

const plot = (algo: string, dataset: string) => {
  const outcome = { top1: 0.5, params: 1, macs: 1 };
  return comparisonPlot(
    ["a", algo].map((name, seed) => ({ algo: name, dataset, seed, name, outcome })),
    dataset,
  );
};

const tagsOf = (svg: string) => svg.match(/<[^>]*>/g);

/** What a reader of XML takes a text for. */
const unescaped = (text: string) =>
  text.replaceAll(/&(amp|lt|gt|quot);/g, (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name]!);

test("names in a plot are its text, whatever they are: they change no tag and come out as they are", () => {
  const piece = fc.constantFrom(
    ...[
      "<",
      ">",
      "&",
      '"',
      "'",
      "/",
      "=",
      "</text>",
      "<script>",
      "]]>",
      "<!--",
      "&lt;",
      "&#60;",
      "<?xml",
      " onload=x ",
    ],
  );
  const name = fc.oneof(
    fc.array(fc.oneof(piece, fc.string()), { maxLength: 6 }).map((parts) => parts.join("")),
    fc.string({ unit: "grapheme", maxLength: 20 }),
  );
  // Equal names would be one column.
  const algo = name.filter((text) => text !== "a");
  const tags = tagsOf(plot("b", "data"));
  fc.assert(
    fc.property(algo, name, (first, second) => {
      const svg = plot(first, second);
      expect(tagsOf(svg)).toEqual(tags);
      const texts = svg.split(/<[^>]*>/).map(unescaped);
      expect(texts).toContain(`Test accuracy on ${second}`);
      expect(texts).toContain(`${first}: 50.00 %`);
    }),
    tries(300),
  );
});

test("what XML cannot write is replaced", () => {
  expect(plot("b", "\0\u001b[0m\t\ud800x\u{1f600}\uffff")).toContain(
    '<title id="title">Test accuracy on \ufffd\ufffd[0m\t\ufffdx\u{1f600}\ufffd</title>',
  );
});
