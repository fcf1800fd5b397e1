import { type DispatchSpec, quads, TABLE_ROWS } from "../kernel.ts";

/** Channels of the source that a weight turns into channels of the result. */
export interface Term {
  readonly source: number;
  readonly sources: number;
  readonly result: number;
  readonly results: number;
  /** First element of the weight in its binding. */
  readonly weight: number;
  readonly offset: readonly [number, number];
}

/** Neighbouring quads of the result and the terms that reach them, in the order in which they are summed. */
export interface Tile {
  readonly quad: number;
  readonly quads: number;
  readonly terms: readonly Term[];
}

/** What one dispatch computes. */
export interface TileTable {
  readonly tiles: readonly Tile[];
  readonly table: NonNullable<DispatchSpec["table"]>;
  /** The tiles have got terms of earlier dispatches already. */
  readonly accumulate: boolean;
}

/** Most quads of a tile, and of the source that a thread takes at a time. */
const BLOCK = 4;

/** Terms of a tile in one dispatch; a row is left for the tile. */
const MOST_TERMS = (TABLE_ROWS - 2) / 2;

/** Equal parts of at most `BLOCK`: how many quads each has, the last one perhaps fewer. */
const partSize = (count: number): number => Math.ceil(count / Math.ceil(count / BLOCK));

const sourceQuads = ({ source, sources }: Term): number => quads(source + sources) - Math.floor(source / 4);

/** Quads of the source that threads take at a time, and of a tile: 2 where that holds everything, as each is a pipeline. */
export function blockOf(tiles: readonly Tile[]): number {
  const most = tiles.flatMap(({ quads: count, terms }) => [count, ...terms.map(sourceQuads)]);
  return Math.max(...most) <= 2 ? 2 : BLOCK;
}

/**
 * Cuts the channels of the result into tiles that, if channels are multiples of four, have whole terms only.
 *
 * @param channels of the result
 */
export function tilesOf(terms: readonly Term[], channels: number): Tile[] {
  const cuts = new Set([0, quads(channels)]);
  for (const { result, results } of terms) {
    cuts.add(Math.floor(result / 4));
    cuts.add(quads(result + results));
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).flatMap((end, index) => {
    const start = sorted[index]!;
    const size = partSize(end - start);
    return Array.from({ length: Math.ceil((end - start) / size) }, (_, part): Tile => {
      const quad = start + part * size;
      const count = Math.min(size, end - quad);
      const reaching = terms.filter(
        ({ result, results }) => result < 4 * (quad + count) && result + results > 4 * quad,
      );
      return { quad, quads: count, terms: reaching };
    });
  });
}

/** Spreads tiles over dispatches so that each has a table that fits; tiles of many terms go on in later ones. */
export function tileTables(tiles: readonly Tile[]): TileTable[] {
  const tables: TileTable[] = [];
  let rest = tiles;
  for (let round = 0; rest.length > 0; round++) {
    const now = rest.map((tile) => ({ ...tile, terms: tile.terms.slice(0, MOST_TERMS) }));
    for (const part of fitting(now)) tables.push({ tiles: part, table: tableOf(part), accumulate: round > 0 });
    rest = rest
      .filter(({ terms }) => terms.length > MOST_TERMS)
      .map((tile) => ({ ...tile, terms: tile.terms.slice(MOST_TERMS) }));
  }
  return tables;
}

const sameTerms = (a: Tile | undefined, b: Tile): boolean =>
  a !== undefined && a.terms.length === b.terms.length && a.terms.every((term, index) => term === b.terms[index]);

/** Rows that a tile takes after another one, whose terms it may share. */
const rows = (tile: Tile, before: Tile | undefined): number =>
  1 + (sameTerms(before, tile) ? 0 : 2 * tile.terms.length);

function fitting(tiles: readonly Tile[]): Tile[][] {
  const parts: Tile[][] = [];
  let used = TABLE_ROWS;
  for (const tile of tiles) {
    const needed = rows(tile, parts.at(-1)?.at(-1));
    if (used + needed <= TABLE_ROWS) {
      parts.at(-1)!.push(tile);
      used += needed;
    } else {
      parts.push([tile]);
      used = rows(tile, undefined);
    }
  }
  return parts;
}

/** Rows as pointwise_terms.wesl wants them. */
function tableOf(tiles: readonly Tile[]): [number, number, number, number][] {
  const tileRows: [number, number, number, number][] = [];
  const termRows: [number, number, number, number][] = [];
  let first = 0;
  tiles.forEach((tile, index) => {
    if (!sameTerms(tiles[index - 1], tile)) {
      first = tiles.length + termRows.length;
      for (const { source, sources, result, results, weight, offset } of tile.terms) {
        termRows.push([source, sources, result, results], [weight, ...offset, 0]);
      }
    }
    tileRows.push([tile.quad, tile.quads, first, tile.terms.length]);
  });
  return [...tileRows, ...termRows];
}
