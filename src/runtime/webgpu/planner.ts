/**
 * Where temporaries lie. All lifetimes are known when a program is compiled, so every tensor gets a place in one of a few
 * large buffers once and for good: tensors that are never needed at the same time may share bytes.
 *
 * A dispatch cannot bind a buffer for reading and for writing at once, not even different parts of it. What one dispatch
 * reads and what it writes therefore lie in different buffers.
 */

/** A request for storage that lives from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Place {
  readonly buffer: number;
  /** In bytes, a multiple of 256. */
  readonly offset: number;
}

export interface Plan {
  /** Place of each request, by its index. */
  readonly places: readonly Place[];
  readonly bufferBytes: readonly number[];
}

/** Bindings start at multiples of this; no device asks for more. */
const ALIGNMENT = 256;

/** Largest buffer that holds several tensors: the binding size every device allows. A larger tensor has one of its own. */
const LARGEST = 128 * 2 ** 20;

interface Buffer {
  bytes: number;
  readonly tenants: { readonly request: number; readonly start: number; readonly end: number }[];
}

/**
 * Largest first, each into the smallest gap that is free all its life in a buffer it may lie in, and where it has to be,
 * into the buffer that grows least. That comes within a few percent of the most that is ever alive; deterministic in the
 * order of the requests.
 *
 * @param apart for each request those that must not lie in the same buffer
 */
export function planBuffers(requests: readonly Lifetime[], apart: readonly ReadonlySet<number>[]): Plan {
  const order = requests.map((_, index) => index);
  order.sort((a, b) => requests[b]!.bytes - requests[a]!.bytes || requests[a]!.first - requests[b]!.first || a - b);
  const buffers: Buffer[] = [];
  const places: Place[] = new Array(requests.length);
  for (const request of order) {
    const bytes = Math.ceil(requests[request]!.bytes / ALIGNMENT) * ALIGNMENT;
    let best: { buffer: Buffer; start: number; growth: number } | undefined;
    for (const buffer of buffers) {
      if (buffer.tenants.some((tenant) => apart[request]!.has(tenant.request))) continue;
      const start = smallestGap(buffer, requests, request, bytes);
      const growth = Math.max(0, start + bytes - buffer.bytes);
      if (growth > 0 && start + bytes > LARGEST) continue;
      if (!best || growth < best.growth) best = { buffer, start, growth };
      if (growth === 0) break;
    }
    if (!best) {
      const buffer: Buffer = { bytes: 0, tenants: [] };
      buffers.push(buffer);
      best = { buffer, start: 0, growth: bytes };
    }
    const { buffer, start, growth } = best;
    buffer.bytes += growth;
    buffer.tenants.push({ request, start, end: start + bytes });
    places[request] = { buffer: buffers.indexOf(buffer), offset: start };
  }
  return { places, bufferBytes: buffers.map(({ bytes }) => bytes) };
}

/** Start of the smallest range between the request's contemporaries that holds `bytes`, else the end of the last of them. */
function smallestGap({ tenants }: Buffer, requests: readonly Lifetime[], request: number, bytes: number): number {
  const { first, last } = requests[request]!;
  const alive = tenants.filter((tenant) => {
    const other = requests[tenant.request]!;
    return other.first <= last && first <= other.last;
  });
  alive.sort((a, b) => a.start - b.start);
  let free = 0;
  let best = -1;
  let smallest = Number.POSITIVE_INFINITY;
  for (const { start, end } of alive) {
    const gap = start - free;
    if (gap >= bytes && gap < smallest) {
      best = free;
      smallest = gap;
    }
    free = Math.max(free, end);
  }
  return best >= 0 ? best : free;
}
