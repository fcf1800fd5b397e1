/** Rounds that are timed; the middle time of a candidate counts. */
const ROUNDS = 5;

/** A time grows until it is this long, in milliseconds: clocks may be as coarse as 0.1 ms, and a submit costs as much. */
const LONG_ENOUGH = 4;

/** Most repetitions in a time, in case the clock stands still (on a device that computes nothing). */
const MOST = 256;

/** A candidate whose best time is so many times that of the fastest is out. */
const FAR = 3;

/** A candidate replaces the first one, the default, only if it is faster by this much: less may be chance. */
const MARGIN = 0.05;

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
  return winner(running.map((index) => ({ index, time: middle(times[index]!) })));
}

function winner(candidates: readonly { readonly index: number; readonly time: number }[]): number {
  const best = candidates.reduce((a, b) => (b.time < a.time ? b : a));
  const standard = candidates.find(({ index }) => index === 0);
  return standard && best.time >= (1 - MARGIN) * standard.time ? 0 : best.index;
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
