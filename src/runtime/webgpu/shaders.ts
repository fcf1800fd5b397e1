import { type LinkedWesl, link, mapGPUCompilationInfo, RecordResolver } from "wesl";
import { SupernetError } from "../../errors.ts";

const files = import.meta.glob<string>("../../../shaders/*.wesl", { query: "?raw", import: "default", eager: true });

/** WESL sources by the path the linker wants: `./conv2d.wesl`. */
export type ShaderSources = Readonly<Record<string, string>>;

const shipped: ShaderSources = Object.fromEntries(
  Object.entries(files).map(([path, text]) => [`./${path.slice(path.lastIndexOf("/") + 1)}`, text]),
);

/** Links sources, each parsed once and each text made once: a second device gets what the first one got. */
class Linker {
  readonly #resolver: RecordResolver;
  readonly #linked = new Map<string, Promise<LinkedWesl>>();

  constructor(sources: ShaderSources) {
    this.#resolver = new RecordResolver({ ...sources }, { keepComments: false });
  }

  /** @param key of name and conditions */
  link(name: string, conditions: Readonly<Record<string, boolean>>, key: string): Promise<LinkedWesl> {
    let linked = this.#linked.get(key);
    if (!linked) {
      linked = link({ resolver: this.#resolver, rootModuleName: name, conditions: { ...conditions } });
      this.#linked.set(key, linked);
    }
    return linked;
  }
}

const shippedLinker = new Linker(shipped);

/**
 * Compiled shader modules of one device, each linked from shaders/*.wesl once per set of conditions.
 * Errors point at file and line of the source, not at the linked text.
 */
export class ShaderLibrary {
  readonly #device: GPUDevice;
  readonly #sources: ShaderSources;
  readonly #linker: Linker;
  readonly #modules = new Map<string, Promise<GPUShaderModule>>();

  constructor(device: GPUDevice, sources = shipped) {
    this.#device = device;
    this.#sources = sources;
    this.#linker = sources === shipped ? shippedLinker : new Linker(sources);
  }

  /** @throws SupernetError("device") with `shaders/<file>:<line>:<column>` when the source does not compile. */
  module(name: string, conditions: Readonly<Record<string, boolean>> = {}): Promise<GPUShaderModule> {
    const key = `${name} ${Object.keys(conditions)
      .filter((condition) => conditions[condition])
      .sort()
      .join(",")}`;
    let module = this.#modules.get(key);
    if (!module) {
      module = this.#compile(name, conditions, key);
      this.#modules.set(key, module);
    }
    return module;
  }

  async #compile(name: string, conditions: Readonly<Record<string, boolean>>, label: string): Promise<GPUShaderModule> {
    if (!(`./${name}.wesl` in this.#sources)) throw new Error(`no shader shaders/${name}.wesl`);
    let linked: LinkedWesl;
    try {
      linked = await this.#linker.link(name, conditions, label);
    } catch (error) {
      throw new SupernetError("device", `shaders/${name}.wesl does not link: ${(error as Error).message}`, {
        cause: error,
      });
    }
    // Failing compilation is reported below with its place; the scope only keeps the device's own report quiet.
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ code: linked.dest, label });
    const [info] = await Promise.all([module.getCompilationInfo(), this.#device.popErrorScope()]);
    if (info.messages.some((message) => message.type === "error")) {
      const mapped = mapGPUCompilationInfo(linked, info).messages.filter((message) => message.type === "error");
      const lines = mapped.map((message) => {
        const file = message.module.url.replace(/^.*?([\w-]+)(\.wesl)?$/, "$1");
        return `  shaders/${file}.wesl:${message.lineNum}:${message.linePos} ${message.message}`;
      });
      throw new SupernetError("device", `shader ${label.trim()} does not compile:\n${lines.join("\n")}`);
    }
    return module;
  }
}
