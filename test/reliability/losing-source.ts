import type { EngineSource } from "../../src/nas/engine-source.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testDevice } from "../gpu/engine.ts";
import { FAULT_POINTS, type FaultPoint, FaultyDevice } from "../gpu/faulty-device.ts";
import { collectGarbage } from "./leaks.ts";

/** Where a device goes: at the n-th call of a kind, from 1, since its beginning or since a stage of the training. */
export interface Loss {
  readonly point: FaultPoint;
  readonly call: number;
  readonly since?: string;
}

/** Opens another device whenever the last one is lost: the first with the first loss before it, and so on; what comes then is sound. */
export class LosingSource implements EngineSource {
  readonly #losses: readonly Loss[];
  readonly #devices: FaultyDevice[] = [];
  readonly #engines: Engine[] = [];

  constructor(losses: readonly Loss[]) {
    this.#losses = losses;
  }

  get engine(): Engine {
    return this.#engines.at(-1)!;
  }

  /** How many devices were lost. */
  get lost(): number {
    return this.#engines.filter(({ lost }) => lost.aborted).length;
  }

  get opened(): number {
    return this.#engines.length;
  }

  async open(): Promise<Engine> {
    if (this.#engines.length > 0 && !this.engine.lost.aborted) return this.engine;
    const device = new FaultyDevice(await testDevice());
    this.#devices.push(device);
    this.#engines.push(new Engine({ device: device.device, kind: "software", polls: true }));
    this.reached(undefined);
    return this.engine;
  }

  /** The training has reached a stage. */
  reached(stage: string | undefined): void {
    const loss = this.#losses[this.#devices.length - 1];
    const device = this.#devices.at(-1)!;
    if (loss && loss.since === stage) device.arm(loss.point, loss.call, device.losing);
  }

  /** Calls of each kind that the first device has seen. */
  calls(): Record<FaultPoint, number> {
    const [device] = this.#devices;
    return Object.fromEntries(FAULT_POINTS.map((point) => [point, device!.disarm(point)])) as Record<
      FaultPoint,
      number
    >;
  }

  /** Destroys what is left, and waits for all that was under way: nothing may be open for ever. Frees what Dawn holds for objects. */
  async dispose(): Promise<void> {
    for (const engine of this.#engines) {
      engine.dispose();
      engine.device.destroy();
      await engine.device.lost;
      await engine.settled();
    }
    this.#engines.length = 0;
    this.#devices.length = 0;
    await collectGarbage();
  }
}
