/** Labelled images of one size, as they lie in memory and on the device. */
export interface Split {
  /**
   * Bytes, [count, height, width, channels], tightly packed. Channels are innermost so that the augmentation kernel
   * fetches a pixel with one unaligned 32-bit read (shaders/augment.wesl).
   */
  images: Uint8Array;
  /** One class number per image. 32 bits each, because the device reads them as they are. */
  labels: Uint32Array;
  count: number;
}

/** A data set as the trainer sees it, whatever it was read from. */
export interface Dataset {
  name: string;
  /** class names; a label is an index into them */
  classes: string[];
  /** 1 to 4 */
  channels: number;
  height: number;
  width: number;
  /** per channel, of pixels scaled to [0, 1] */
  mean: number[];
  /** per channel, of pixels scaled to [0, 1] */
  std: number[];
  /** what training images undergo besides the conf's cutout */
  trainTransform: { pad: number; flip: boolean };
  train: Split;
  test: Split;
  /** where the images came from and how many there are, for the log */
  source: string;
}

/** The keys of a conf's `dataset` section that providers read. */
export interface DatasetConf {
  name: string;
  /** folder of the data, with `$default_dataroot`, `~` and variables already expanded */
  dataroot?: string | undefined;
  /** checked against what is loaded where given */
  n_classes?: number | undefined;
  /** checked against what is loaded where given */
  channels?: number | undefined;
  /** `shapes` only: number of images to draw */
  train_size?: number | undefined;
  /** `shapes` only: number of images to draw */
  test_size?: number | undefined;
  /** `shapes` only: which images are drawn, 0 to 2^53 - 1 */
  seed?: number | undefined;
}

/** File access for providers: a folder in Node, fetched or user-picked files in a browser. Paths use `/`. */
export interface DatasetIo {
  /** Said of files that are missing where users cannot put them into a folder: how they get here instead. */
  readonly howToAdd?: string;
  exists(path: string): Promise<boolean>;
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** Loads the data set of one conf name. Throws `SupernetError("data")` when the files are missing or damaged. */
export type DatasetProvider = (conf: DatasetConf, io: DatasetIo) => Promise<Dataset>;
