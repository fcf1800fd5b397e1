/**
 * Anti-aliased drawing by signed distance, for the embedded data set.
 *
 * Only + - * / and square roots are used, which IEEE arithmetic rounds the same way everywhere, so the same drawing
 * has the same bytes in every browser and on every machine (sines and logarithms would not).
 */

/** Distance in pixels from a point to an outline, negative inside. The point is relative to the shape's centre. */
export type Distance = (x: number, y: number) => number;

export type Colour = readonly [number, number, number];

/** Red, green, blue in 0..255, not yet rounded, [height, width, 3]. */
export interface Canvas {
  size: number;
  pixels: Float64Array;
}

/** Cosine and sine of an angle. */
export interface Turn {
  cos: number;
  sin: number;
}

/** A turn by rational numbers: `t` in [-1, 1] covers a quarter turn each way, `half` adds half a turn. */
export function turn(t: number, half: boolean): Turn {
  const sign = half ? -1 : 1;
  return { cos: (sign * (1 - t * t)) / (1 + t * t), sin: (sign * 2 * t) / (1 + t * t) };
}

/** Turns a shape. */
export function turned(shape: Distance, { cos, sin }: Turn): Distance {
  return (x, y) => shape(cos * x + sin * y, cos * y - sin * x);
}

export function disc(radius: number): Distance {
  return (x, y) => length(x, y) - radius;
}

export function box(halfWidth: number, halfHeight: number): Distance {
  return (x, y) => {
    const dx = Math.abs(x) - halfWidth;
    const dy = Math.abs(y) - halfHeight;
    return length(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0);
  };
}

/** The outline of a shape, as a band `2 * half` wide. */
export function outline(shape: Distance, half: number): Distance {
  return (x, y) => Math.abs(shape(x, y)) - half;
}

export function union(a: Distance, b: Distance): Distance {
  return (x, y) => Math.min(a(x, y), b(x, y));
}

/** `a` without `b`. */
export function without(a: Distance, b: Distance): Distance {
  return (x, y) => Math.max(a(x, y), -b(x, y));
}

export function moved(shape: Distance, dx: number, dy: number): Distance {
  return (x, y) => shape(x - dx, y - dy);
}

/** A simple polygon: corners `[x, y]` in order, scaled. */
export function polygon(corners: readonly (readonly [number, number])[], scale: number): Distance {
  const edges = corners.map(([x0, y0], i) => {
    const [x1, y1] = corners[(i + 1) % corners.length]!;
    const ex = (x1 - x0) * scale;
    const ey = (y1 - y0) * scale;
    return { x0: x0 * scale, y0: y0 * scale, ex, ey, square: ex * ex + ey * ey };
  });
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    let inside = false;
    for (const { x0, y0, ex, ey, square } of edges) {
      const px = x - x0;
      const py = y - y0;
      const along = Math.min(Math.max((px * ex + py * ey) / square, 0), 1);
      const dx = px - along * ex;
      const dy = py - along * ey;
      nearest = Math.min(nearest, dx * dx + dy * dy);
      // A ray to the right crosses this edge: it spans the point's height and lies to the point's right.
      if (py < 0 !== py < ey && (ey > 0 ? px * ey < py * ex : px * ey > py * ex)) inside = !inside;
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
  };
}

/**
 * Paints a shape at (cx, cy).
 * @param reach no part of the shape is farther from its centre, in pixels
 */
export function paint(canvas: Canvas, shape: Distance, cx: number, cy: number, reach: number, colour: Colour): void {
  const { size, pixels } = canvas;
  const bottom = Math.min(size - 1, Math.ceil(cy + reach));
  const right = Math.min(size - 1, Math.ceil(cx + reach));
  for (let y = Math.max(0, Math.floor(cy - reach)); y <= bottom; y++) {
    for (let x = Math.max(0, Math.floor(cx - reach)); x <= right; x++) {
      const cover = Math.min(Math.max(0.5 - shape(x + 0.5 - cx, y + 0.5 - cy), 0), 1);
      if (cover === 0) continue;
      const at = (y * size + x) * 3;
      for (let c = 0; c < 3; c++) pixels[at + c]! += cover * (colour[c]! - pixels[at + c]!);
    }
  }
}

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
