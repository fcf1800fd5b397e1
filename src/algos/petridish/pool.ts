import type { SearchConf } from "../../nas/search-method.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import { insertion } from "./hull.ts";
import { drawParent, frontier, type HullPoint } from "./points.ts";

/** A network that grows next, and the random numbers of its growth. */
export interface Growth<P> {
  readonly parent: P;
  readonly rng: Rng;
}

/** What a network is to the hull it meets: below it, above it by no more than `eps`, or further above. */
export type Standing = "better" | "near" | "above";

/**
 * The trained networks of a search, and which of them grow. The n-th network that joins decides, with the pool it meets, what
 * the n-th growth is: nothing else does.
 */
export class Pool<P extends HullPoint> {
  /** In the order in which they joined. */
  readonly members: P[] = [];
  readonly growths: Growth<P>[] = [];
  readonly #seeds: number;
  readonly #conf: SearchConf["petridish"];
  readonly #seed: number;

  /** @param seeds networks that are not grown; growths are numbered after them */
  constructor(seeds: number, conf: SearchConf["petridish"], seed: number) {
    this.#seeds = seeds;
    this.#conf = conf;
    this.#seed = seed;
  }

  /** Whether a network is as large as allowed, or there are enough. */
  get ended(): boolean {
    const { max_madd, max_hull_points } = this.#conf;
    return this.members.length > max_hull_points || this.members.some(({ madd }) => madd > max_madd);
  }

  /** Takes a trained network in; unless that was the last one, another of the pool grows next. */
  join(member: P): Standing {
    const standing = this.#standing(member);
    this.members.push(member);
    if (!this.ended) this.#drawGrowth();
    return standing;
  }

  #standing({ madd, top1 }: P): Standing {
    const { front } = frontier(this.members, 0);
    const hull = { xs: front.map((point) => point.madd), ys: front.map((point) => 1 - point.top1) };
    const enters = insertion(hull, madd, 1 - top1, this.#conf.convex_hull_eps);
    if (!enters) return "above";
    // What only counts as near replaces nothing, at the end of the hull.
    const beside = enters.from === front.length && enters.to === front.length;
    return beside && front.some((point) => 1 - point.top1 <= 1 - top1) ? "near" : "better";
  }

  #drawGrowth(): void {
    const id = this.#seeds + this.growths.length + 1;
    const rng = new Rng(this.#seed, STREAMS.growth, id);
    const drawn = drawParent(this.members, this.#conf.convex_hull_eps, rng.uniform01());
    const parent = { ...drawn, samplingCount: drawn.samplingCount + 1 };
    this.members[this.members.indexOf(drawn)] = parent;
    this.growths.push({ parent, rng });
  }
}
