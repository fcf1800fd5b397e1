import { halve, planSquare } from "./square.ts";

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
    const plan = planSquare(bitmap.width, bitmap.height, size);
    let pixels = drawSquare(bitmap, plan.x, plan.y, plan.side, plan.drawn);
    for (let side = plan.drawn; side > size; side /= 2) pixels = halve(pixels, side);
    return pixels;
  } finally {
    bitmap.close();
  }
}

function drawSquare(bitmap: ImageBitmap, x: number, y: number, side: number, drawn: number) {
  const canvas = new OffscreenCanvas(drawn, drawn);
  // Read back at once: a canvas on the GPU would be slower and differ from device to device.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(`cannot be decoded: there is no canvas of ${drawn}x${drawn} pixels`);
  context.fillStyle = "white";
  context.fillRect(0, 0, drawn, drawn);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, side, side, 0, 0, drawn, drawn);
  return context.getImageData(0, 0, drawn, drawn).data;
}
