import { SupernetError } from "../../errors.ts";
import type { AdapterReport } from "../gpu.ts";

export interface TfjsHandle {
  /** What TensorFlow.js computes on. */
  readonly adapter: AdapterReport;
  /** Bytes of all tensors. */
  memory(): number;
  /** Resolves when the browser takes the GPU away. */
  readonly lost: Promise<SupernetError>;
  /** Frees WebGL and everything on it. */
  dispose(): void;
}

/** As drivers that compute on the CPU name themselves. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/**
 * Opens TensorFlow.js on WebGL, for a page or a worker without WebGPU, and makes it the current backend. TensorFlow.js is
 * loaded now, so that nobody with WebGPU downloads it.
 *
 * @throws SupernetError("device") where there is no WebGL 2 or it cannot compute in single precision
 */
export async function openTfjs(): Promise<TfjsHandle> {
  const [tf, { MathBackendWebGL }] = await Promise.all([
    import("@tensorflow/tfjs-core"),
    import("@tensorflow/tfjs-backend-webgl"),
  ]);
  // Disposing takes the backend off TensorFlow.js's list.
  if (!tf.findBackendFactory("webgl")) tf.registerBackend("webgl", () => new MathBackendWebGL());
  // Shapes as numbers that shaders are given, not as text in them: far fewer shaders to compile.
  tf.env().set("WEBGL_USE_SHAPES_UNIFORMS", true);
  if (!(await tf.setBackend("webgl").catch(() => false))) {
    throw new SupernetError(
      "device",
      "the browser offers neither WebGPU nor WebGL: switch hardware acceleration on in its settings, or use a current Chrome, Edge, Firefox or Safari",
    );
  }
  const flags = tf.env();
  if (flags.getNumber("WEBGL_VERSION") < 2 || !flags.getBool("WEBGL_RENDER_FLOAT32_ENABLED")) {
    tf.removeBackend("webgl");
    throw new SupernetError(
      "device",
      "this device's WebGL has no 32-bit floating-point textures, and training needs them: use a browser with WebGPU or another device",
    );
  }
  const backend = tf.backend();
  if (!(backend instanceof MathBackendWebGL)) throw new Error("the WebGL backend of TensorFlow.js is not its own");
  const gl = backend.gpgpu.gl as WebGL2RenderingContext;
  let disposed = false;
  const lost = new Promise<SupernetError>((resolve) => {
    gl.canvas.addEventListener("webglcontextlost", () => {
      if (disposed) return;
      resolve(
        new SupernetError(
          "device",
          "the browser has taken WebGL away: run again; if it happens again, use a smaller batch",
        ),
      );
    });
  });
  return {
    adapter: describe(gl),
    memory: () => tf.memory().numBytes,
    lost,
    dispose() {
      disposed = true;
      tf.removeBackend("webgl");
    },
  };
}

function describe(gl: WebGL2RenderingContext): AdapterReport {
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info");
  const text = (name: number) => String(gl.getParameter(name) ?? "");
  const description = text(unmasked?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  const number = (name: number) => Number(gl.getParameter(name));
  return {
    vendor: text(unmasked?.UNMASKED_VENDOR_WEBGL ?? gl.VENDOR),
    architecture: "",
    device: "",
    description,
    name: description || "WebGL",
    kind: SOFTWARE.test(description) ? "software" : "gpu",
    features: gl.getSupportedExtensions() ?? [],
    limits: {
      maxTextureSize: number(gl.MAX_TEXTURE_SIZE),
      maxTextureImageUnits: number(gl.MAX_TEXTURE_IMAGE_UNITS),
    },
    backend: "tfjs",
  };
}
