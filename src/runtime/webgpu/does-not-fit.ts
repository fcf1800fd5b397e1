import { SupernetError } from "../../errors.ts";

/** What helps where nobody knows how much of it would be enough. */
export const SMALLER = "use a smaller batch, more batch_chunks, or fewer cells or channels";

/** Something is larger than the device allows, or all together is more than there is memory: less of it may fit. */
export class DoesNotFit extends SupernetError {
  /** What does not fit, without a remedy. */
  readonly what: string;
  /** Bytes that the device turned out to have, where it was an allocation that failed. */
  readonly memory: number | undefined;

  constructor(what: string, options: { readonly memory?: number | undefined; readonly cause?: unknown } = {}) {
    super("device", `${what}; ${SMALLER}`, { cause: options.cause });
    this.what = what;
    this.memory = options.memory;
  }

  /** The same, said of a part of a network. */
  in(module: string): DoesNotFit {
    return new DoesNotFit(`${module}: ${this.what}`, { memory: this.memory, cause: this });
  }
}

const rounded = (bytes: number) =>
  bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Bytes for people; exact where `other`, which they are compared with, would read the same. */
export const size = (bytes: number, other = bytes): string =>
  other !== bytes && rounded(bytes) === rounded(other) ? `${bytes} bytes` : rounded(bytes);
