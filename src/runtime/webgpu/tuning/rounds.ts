/** Rounds that are timed. */
const ROUNDS = 5;

/** A time grows until it is this long, in milliseconds: clocks may be as coarse as 0.1 ms, and a submit costs as much. */
const LONG_ENOUGH = 4;

/** Most repetitions in a time, in case the clock stands still (on a device that computes nothing). */
const MOST = 256;

/** A candidate whose best time is so many times that of the fastest is out. */
const FAR = 3;

/** A candidate replaces the first one, the default, only if it takes less than this share of its time: more may be chance. */
const CLEARLY = 0.95;

/** Runs a candidate so many times and says how long it took, in milliseconds a time. */
export type TimeCandidate = (index: number, times: number) => Promise<number>;

/**
 * Times candidates in rounds, all of them in each, starting with another one each time: what disturbs one disturbs all.
 *
 * @param count candidates; the first is the default
 * @param enough asked after each round whether to stop early
 * @returns index of the fastest; 0 if none is faster than the default by more than chance may explain
 */
export async function fastest(count: number, time: TimeCandidate, enough: () => boolean): Promise<number> {
  let running = Array.from({ length: count }, (_, index) => index);
  const times: number[][] = running.map(() => []);
  const first: number[] = [];
  for (const index of running) first.push(await time(index, 1));
  const repeats = Math.min(MOST, Math.max(1, Math.ceil(LONG_ENOUGH / Math.min(...first))));
  for (let round = 0; round < ROUNDS; round++) {
    const turn = round % running.length;
    for (const index of [...running.slice(turn), ...running.slice(0, turn)]) {
      times[index]!.push(await time(index, repeats));
    }
    if (enough()) break;
    if (round === 0) continue;
    const best = running.map((index) => Math.min(...times[index]!));
    running = running.filter((_, at) => best[at]! <= FAR * Math.min(...best));
    if (running.length === 1) break;
  }
  const shares = running.map((index) => ({ index, share: shareOf(times[index]!, times[0]!) }));
  const best = shares.reduce((a, b) => (b.share < a.share ? b : a));
  return best.share < CLEARLY ? best.index : 0;
}

/** By the middle times and by the best ones, whichever says more: what disturbs a machine moves one of them, seldom both. */
const shareOf = (times: readonly number[], standard: readonly number[]): number =>
  Math.max(middle(times) / middle(standard), Math.min(...times) / Math.min(...standard));

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
