import { quads, TABLE_ROWS } from "../kernel.ts";

/** A gradient's part in the gradient by a wide tensor x: `channels` channels from `start` on, made of source number `source`. */
export interface Piece {
  readonly start: number;
  readonly channels: number;
  readonly source: number;
}

/** Planes of x on which the same terms lie. */
export interface Segment<T extends Piece> {
  readonly first: number;
  readonly end: number;
  readonly terms: readonly T[];
  /** Terms of an earlier dispatch are there already. */
  readonly begun: boolean;
}

/** Sources that a dispatch binds, each a gradient and its factors. */
export const SOURCES = 3;

/** Whether a term begins and ends with quads of x. */
export const ownsQuads = ({ start, channels }: Piece, available: number): boolean =>
  start % 4 === 0 && (channels % 4 === 0 || start + channels === available);

/**
 * All planes of x, cut where terms that own their quads begin and end.
 *
 * @param planes of x
 */
export function segmentsOf<T extends Piece>(terms: readonly T[], planes: number): Segment<T>[] {
  const ends = terms.flatMap(({ start, channels }) => [start / 4, start / 4 + quads(channels)]);
  const cuts = [...new Set([0, ...ends, planes])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => {
    const first = cuts[index]!;
    const covering = terms.filter(({ start, channels }) => start / 4 <= first && end <= start / 4 + quads(channels));
    return { first, end, terms: covering, begun: false };
  });
}

/**
 * Segments in groups, one per dispatch, that bind few enough sources and fit a table; what is left of a segment's terms comes
 * in later groups. Of a group all segments are `begun` or none.
 *
 * @param rowsOf rows of the table that a segment with so many terms takes
 */
export function dispatches<T extends Piece>(
  segments: readonly Segment<T>[],
  rowsOf: (terms: number) => number,
): Segment<T>[][] {
  const groups: Group<T>[] = [];
  const put = (segment: Segment<T>, after: number) => {
    const sources = [...new Set(segment.terms.map(({ source }) => source))];
    const now = sources.slice(0, SOURCES);
    const taken = segment.terms.filter(({ source }) => now.includes(source)).slice(0, TABLE_ROWS / 2);
    const rest = segment.terms.filter((term) => !taken.includes(term));
    const rows = rowsOf(taken.length);
    let place = groups.findIndex((group, index) => index > after && fits(group, segment.begun, now, rows));
    if (place < 0) place = groups.push({ begun: segment.begun, sources: new Set(), segments: [], rows: 0 }) - 1;
    const group = groups[place]!;
    for (const source of now) group.sources.add(source);
    group.segments.push({ ...segment, terms: taken });
    group.rows += rows;
    // What adds to a dispatch must come after it.
    if (rest.length > 0) put({ ...segment, terms: rest, begun: true }, place);
  };
  for (const segment of segments) put(segment, -1);
  return groups.map((group) => group.segments);
}

interface Group<T extends Piece> {
  readonly begun: boolean;
  readonly sources: Set<number>;
  readonly segments: Segment<T>[];
  rows: number;
}

const fits = <T extends Piece>(group: Group<T>, begun: boolean, sources: readonly number[], rows: number): boolean =>
  group.begun === begun && group.rows + rows <= TABLE_ROWS && new Set([...group.sources, ...sources]).size <= SOURCES;
