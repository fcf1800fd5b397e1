import fc from "fast-check";
import type { PassRecord } from "../../../src/train/metrics.ts";
import type { Snapshot } from "../../../src/train/snapshot.ts";

/** Any bits, those of NaNs with payloads among them. */
const vector = fc
  .uint32Array({ maxLength: 20 })
  .map((words) => new Float32Array(Uint32Array.from(words).buffer) as Float32Array<ArrayBuffer>);

/** Any number that a record may hold. */
const figure = fc.double();

const pass: fc.Arbitrary<PassRecord> = fc.record({
  averages: fc.record({ loss: figure, top1: figure, top5: figure, samples: fc.nat() }),
  steps: fc.nat(),
  startTime: figure,
  endTime: figure,
});

/** Any snapshot, whatever it may be of. */
export const snapshots: fc.Arbitrary<Snapshot> = fc.record({
  epoch: fc.nat(),
  batch: fc.nat(),
  seconds: figure,
  halvings: fc.nat(),
  epochs: fc.array(fc.record({ train: pass, val: pass, startLr: figure, endLr: figure }), { maxLength: 3 }),
  vectors: fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), vector), { selector: ([name]) => name, maxLength: 4 })
    .map((entries) => new Map(entries)),
  variants: fc.option(fc.string(), { nil: undefined }),
});

/** A small one. */
export const SNAPSHOT: Snapshot = {
  epoch: 1,
  batch: 3,
  seconds: 0.5,
  halvings: 1,
  epochs: [
    {
      train: { averages: { loss: Number.NaN, top1: 0.5, top5: 1, samples: 8 }, steps: 4, startTime: 1, endTime: 2 },
      startLr: 0.1,
      endLr: -0,
    },
  ],
  vectors: new Map([
    ["weights", Float32Array.of(1, -0, Number.NaN, 3)],
    ["metrics", Float32Array.of(7)],
  ]),
};

/** A snapshot as plain data in which every bit counts. */
export const bitsOf = ({ vectors, ...rest }: Snapshot) => ({
  ...rest,
  vectors: [...vectors]
    .map(([name, { buffer, byteOffset, length }]) => [name, [...new Uint32Array(buffer, byteOffset, length)]] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
});
