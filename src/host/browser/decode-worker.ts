import * as Comlink from "comlink";
import { decodeImage } from "./decode.ts";

const api = {
  async decode(image: Blob, size: number): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const pixels = await decodeImage(image, size);
    return Comlink.transfer(pixels, [pixels.buffer]);
  },
};

/** What a decoding worker answers to. */
export type DecodeApi = typeof api;

Comlink.expose(api);
