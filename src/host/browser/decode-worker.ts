import * as Comlink from "comlink";
import { decodeImage } from "./decode.ts";

/** Ends with the decoding before. One after another: each may take hundreds of megabytes. */
let last: Promise<unknown> = Promise.resolve();

const api = {
  async decode(image: Blob, size: number): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const decoding = last.then(() => decodeImage(image, size));
    last = decoding.catch(() => {});
    const pixels = await decoding;
    return Comlink.transfer(pixels, [pixels.buffer]);
  },
};

/** What a decoding worker answers to. */
export type DecodeApi = typeof api;

Comlink.expose(api);
