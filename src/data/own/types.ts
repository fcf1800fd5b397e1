/** Images to import: files as a folder or a selection of files yields them. */
export interface ImportRequest {
  /** What the data set shall be called: lower-case letters, digits, `-` and `_`. */
  readonly name: string;
  /** `path` has the folders as `/`: `pets/cat/1.jpg`. A single zip or tar.gz is unpacked. */
  readonly files: readonly { readonly path: string; readonly blob: Blob }[];
  /** Side of the square that images are resized to; default 32. */
  readonly size?: number;
  /** Share of the images of each class that tests, where the files have no `train` and `test` folders; default 0.2. */
  readonly testShare?: number;
}

/** What there is to know of an imported data set. */
export interface DatasetFacts {
  readonly name: string;
  readonly classes: readonly string[];
  readonly size: number;
  readonly channels: number;
  /** Images per class. */
  readonly train: readonly number[];
  readonly test: readonly number[];
  /** Files that were left out, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** An imported data set, with what a page shows of it. */
export interface DatasetReport extends DatasetFacts {
  /** The first images of each class, RGBA, `size` x `size`, class after class, for a contact sheet. */
  readonly samples: readonly { readonly label: number; readonly pixels: Uint8ClampedArray }[];
}
