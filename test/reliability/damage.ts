import { onTestFinished, TestRunner } from "vitest";

/** How many cases of one kind of damage were tried, and how many of them did no harm. */
export interface Tally {
  readonly tried: number;
  readonly survived: number;
}

declare module "vitest" {
  interface TaskMeta {
    /** What the test did, by kind of damage; summed up by `table.ts`. */
    damage?: Record<string, Tally>;
  }
}

/** How many cases to try: few in `npm test`, many in `npm run test:reliability -- --long`. */
export const cases = (short: number, long: number): number => (process.env.RELIABILITY_LONG ? long : short);

/** Adds to the tally of a kind of damage; only inside a test. */
export function tally(kind: string, { tried, survived }: Tally): void {
  const { meta } = TestRunner.getCurrentTest() ?? outside();
  const before = meta.damage?.[kind] ?? { tried: 0, survived: 0 };
  meta.damage = {
    ...meta.damage,
    [kind]: { tried: before.tried + tried, survived: before.survived + survived },
  };
}

function outside(): never {
  throw new Error("damage is counted inside a test, not in a hook");
}

export interface Damage {
  /**
   * Does one case of the damage and checks what is left. A case that throws is lost: the test goes on with the next one, and fails
   * in the end with every error.
   * @param label names the case in its error, as "step 17"
   * @param count of cases that are survived or lost together
   * @returns what `body` does, or undefined where it throws
   */
  attempt<T>(label: string, body: () => T | Promise<T>, count?: number): Promise<T | undefined>;
}

/** Counts cases of a kind of damage ("SIGKILL at a random step"): a row of the table, which several tests may share. */
export function damage(kind: string): Damage {
  return {
    async attempt(label, body, count = 1) {
      try {
        const result = await body();
        tally(kind, { tried: count, survived: count });
        return result;
      } catch (error) {
        tally(kind, { tried: count, survived: 0 });
        // Vitest reports what each of these hooks throws.
        onTestFinished(() => {
          throw labelled(error, `${kind}: ${label}`);
        });
        return undefined;
      }
    },
  };
}

/** The error itself, as a new one would lose its diff. */
function labelled(thrown: unknown, label: string): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  error.message = `${label}: ${error.message}`;
  return error;
}
