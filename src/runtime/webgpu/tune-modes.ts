/** How long the modes of `--tune` go on for one network, in milliseconds. */
export const TUNE_MODES = { fast: 10_000, full: Number.POSITIVE_INFINITY } as const;

export type TuneMode = keyof typeof TUNE_MODES;
