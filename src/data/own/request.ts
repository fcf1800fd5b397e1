import { SupernetError } from "../../errors.ts";
import { datasetNames } from "../load.ts";
import type { ImportRequest } from "./types.ts";

/** Sides of images that networks take: three reductions halve what four divides at least once evenly. */
const SIZES = { default: 32, smallest: 8, largest: 256, step: 4 };
const TEST_SHARE = 0.2;

/** What an import is asked for, with defaults. */
export interface ImportSettings {
  readonly name: string;
  readonly size: number;
  readonly testShare: number;
}

/** @throws SupernetError("data") for a name, size or share that cannot be */
export function importSettings({ name, size = SIZES.default, testShare = TEST_SHARE }: ImportRequest): ImportSettings {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
    throw wrong(
      `${JSON.stringify(name)} is no name for a data set; use up to 64 lower-case letters, digits, - and _, such as "pets"`,
    );
  }
  // Names of conf files beside those of data sets, and the end of the names of toy confs.
  if (datasetNames.includes(name) || name === "dataroot" || name.endsWith("_toy")) {
    throw wrong(`"${name}" is the name of something built in; choose another name for the data set`);
  }
  if (!(size >= SIZES.smallest && size <= SIZES.largest && size % SIZES.step === 0)) {
    throw wrong(
      `images cannot be resized to ${size} pixels; choose a multiple of ${SIZES.step} from ${SIZES.smallest} to ${SIZES.largest}`,
    );
  }
  if (!(testShare > 0 && testShare < 1)) {
    throw wrong(`the share of test images is ${testShare}; it must be above 0 and below 1`);
  }
  return { name, size, testShare };
}

function wrong(message: string): SupernetError {
  return new SupernetError("data", message);
}
