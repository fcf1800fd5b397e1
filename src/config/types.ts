/** A scalar as YAML 1.1 knows it. `NaN` and the infinities are ordinary numbers here. */
export type ConfScalar = string | number | boolean | null;

/** Any value of a conf. */
export type ConfValue = ConfScalar | ConfValue[] | Conf;

/** A conf, or a section of one: plain data that could be written as JSON but for NaN and infinities. */
export interface Conf {
  [key: string]: ConfValue;
}

/** Where something was written. Line and column count from 1; line 0 stands for "no line", as on the command line. */
export interface Position {
  file: string;
  line: number;
  col: number;
}

/** Where one entry of a conf was written: its name and its value. A copied entry points to where it was copied from. */
export interface Place {
  key: Position;
  value: Position;
}

/** Dotted path of an entry (`nas.search.trainer.epochs`, list items as `betas.0`) to where it was written. */
export type Places = ReadonlyMap<string, Place>;

/**
 * Reads text files. It is all that `src/config` knows of its host: Node reads from disk, a page fetches.
 * `read` rejects, or throws, when there is no such file.
 */
export interface FileReader {
  read(path: string): Promise<string> | string;
}
