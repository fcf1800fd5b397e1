import { z } from "zod";

// Building blocks of the schema. Keys that a conf may leave out have the value Archai's code assumes then.

/** A whole number ≥ 0. YAML's `2.0` is one too: Archai writes seeds that way. */
export const count = z.int().min(0);

/** A whole number ≥ 1. */
export const positive = z.int().min(1);

/** Parts that a batch is cut into, or as few as fit the device. */
export const chunks = z.union([positive, z.enum(["auto"])]);

/** A whole number ≥ 1, or -1 for no limit. */
export const limit = z.int().min(-1);

/** A number in [0, 1]. */
export const share = z.number().min(0).max(1);

/** A number ≥ 0. */
export const amount = z.number().min(0);

/** A number for which NaN means "not set". */
export const numberOrNaN = z.union([z.number(), z.nan()]);

export const flag = z.boolean();
export const text = z.string();
