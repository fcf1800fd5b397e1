// Small plots as SVG files: a frame with two axes, and whatever is drawn into it.

const WIDTH = 640;
const HEIGHT = 400;
/** Of the area inside the axes. */
const INSIDE = { left: 72, right: WIDTH - 20, top: 40, bottom: HEIGHT - 56 } as const;

const INK = "#333";
const GRID = "#ddd";

export interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** Where a value is, in pixels. */
  readonly place: (value: number) => number;
}

export interface Plot {
  /** What it shows, in a line. */
  readonly title: string;
  /** What can be read from it, for those who cannot see it. */
  readonly desc: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Elements inside the axes. */
  readonly marks: readonly string[];
}

/** An axis for numbers: it covers all of them with some room, and has about five round ticks. */
export function numberAxis(
  direction: "x" | "y",
  label: string,
  values: readonly number[],
  write: (value: number) => string,
): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = high > low ? 0.06 * (high - low) : Math.abs(low) / 10 || 1;
  const [first, last] = [low - room, high + room];
  const [from, to] = direction === "x" ? [INSIDE.left, INSIDE.right] : [INSIDE.bottom, INSIDE.top];
  const place = (value: number) => from + ((value - first) / (last - first)) * (to - from);
  return { label, place, ticks: roundNumbers(first, last).map((value) => ({ at: place(value), text: write(value) })) };
}

/** A horizontal axis for names, one column each. */
export function nameAxis(label: string, names: readonly string[]): Axis {
  const step = (INSIDE.right - INSIDE.left) / Math.max(1, names.length);
  const place = (index: number) => INSIDE.left + (index + 0.5) * step;
  return { label, place, ticks: names.map((text, index) => ({ at: place(index), text })) };
}

/** Multiples of 1, 2 or 5 times a power of ten from `first` to `last`, five or so. */
export function roundNumbers(first: number, last: number): number[] {
  const raw = (last - first) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10);
  const from = Math.ceil(first / step);
  return Array.from({ length: Math.floor(last / step) - from + 1 }, (_, i) => (from + i) * step);
}

/** The whole file. */
export function plotSvg({ title, desc, x, y, marks }: Plot): string {
  const { left, right, top, bottom } = INSIDE;
  const middle = (top + bottom) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="desc">${escapeXml(desc)}</desc>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 24, title, 'text-anchor="middle" font-size="14"'),
    ...y.ticks.flatMap(({ at, text: label }) => [
      line(left, at, right, at, GRID),
      text(left - 8, at + 4, label, 'text-anchor="end"'),
    ]),
    ...x.ticks.map(({ at, text: label }) => text(at, bottom + 18, label, 'text-anchor="middle"')),
    line(left, bottom, right, bottom, INK),
    line(left, top, left, bottom, INK),
    text((left + right) / 2, HEIGHT - 14, x.label, 'text-anchor="middle"'),
    text(18, middle, y.label, `text-anchor="middle" transform="rotate(-90 18 ${px(middle)})"`),
    ...marks,
    "</svg>\n",
  ].join("\n");
}

/** @param title shown where a pointer rests on it */
export function dot(x: number, y: number, radius: number, fill: string, title: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${radius}" fill="${fill}" stroke="${INK}"><title>${escapeXml(title)}</title></circle>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string = INK): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"/>`;
}

/** Straight lines from point to point. */
export function path(points: readonly (readonly [number, number])[], stroke: string): string {
  return `<polyline points="${points.map(([x, y]) => `${px(x)},${px(y)}`).join(" ")}" fill="none" stroke="${stroke}"/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${px(x)}" y="${px(y)}" ${attributes}>${escapeXml(content)}</text>`;
}

/** A tenth of a pixel is enough. */
const px = (value: number) => String(Math.round(value * 10) / 10);

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What XML has no way to write, control characters and halves of surrogate pairs, is a replacement character. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const escapeXml = (content: string) =>
  content.replaceAll(UNWRITABLE, "\ufffd").replaceAll(/[&<>"]/g, (found) => ENTITIES[found]!);
