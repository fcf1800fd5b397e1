/** Where a log goes: a folder in Node, browser storage in a page. Names are plain file names. */
export interface LogSink {
  /** Replaces the whole text of `name`; readers see the old text or the new one, never a part. */
  writeText(name: string, text: string): Promise<void>;
  /** Adds `text` at the end of `name`, which is created if missing. */
  appendText(name: string, text: string): Promise<void>;
}
