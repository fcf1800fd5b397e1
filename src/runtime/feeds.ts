/** What a graph is run on, in the same form for every backend: row-major NCHW for planes, row-major for flat tensors. */
export interface Feeds {
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly params: Readonly<Record<string, ArrayLike<number>>>;
  /** For graphs that draw random numbers. */
  readonly step?: { readonly seed: number; readonly step: number; readonly dropPath: number };
}
