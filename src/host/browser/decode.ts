import { resampleSquare } from "../../data/resample.ts";

/** Larger squares are first halved (or thirded, …) by the canvas, whose pixels take 64 MiB then. */
const LARGEST_CANVAS = 4096;

/**
 * Decodes an image with the browser's decoders: turned as its EXIF orientation says, cropped to the square in its middle,
 * resized, transparent pixels over white; of animations the first frame.
 *
 * @returns RGBA, u8 [size, size, 4], opaque
 * @throws Error that says of the file why it cannot be decoded
 */
export async function decodeImage(image: Blob, size: number): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const bitmap = await createImageBitmap(image, { imageOrientation: "from-image" }).catch((cause: unknown) => {
    throw new Error("cannot be decoded: it is damaged, or of a kind that this browser does not read", { cause });
  });
  try {
    const side = Math.min(bitmap.width, bitmap.height);
    const drawn = Math.ceil(side / Math.ceil(side / LARGEST_CANVAS));
    return resampleSquare(drawSquare(bitmap, side, drawn), drawn, size);
  } finally {
    bitmap.close();
  }
}

/** The pixels of the square in the middle, `side` pixels wide in the image and `drawn` in what is returned. */
function drawSquare(bitmap: ImageBitmap, side: number, drawn: number): Uint8ClampedArray {
  const canvas = new OffscreenCanvas(drawn, drawn);
  // Read back at once: a canvas on the GPU would be slower and differ from device to device.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(`cannot be decoded: there is no canvas of ${drawn}x${drawn} pixels`);
  context.fillStyle = "white";
  context.fillRect(0, 0, drawn, drawn);
  context.imageSmoothingQuality = "high";
  // Half pixels would blur an image that needs no resizing.
  const x = Math.floor((bitmap.width - side) / 2);
  const y = Math.floor((bitmap.height - side) / 2);
  context.drawImage(bitmap, x, y, side, side, 0, 0, drawn, drawn);
  return context.getImageData(0, 0, drawn, drawn).data;
}
