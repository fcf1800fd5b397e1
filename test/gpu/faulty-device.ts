/** Calls that can be made to fail. */
export const FAULT_POINTS = [
  "createBuffer",
  "createComputePipelineAsync",
  "writeBuffer",
  "submit",
  "mapAsync",
  "onSubmittedWorkDone",
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/**
 * What happens instead of a call. `real` makes it; what is returned or thrown is what the caller gets.
 * @param args of the call
 */
export type Fault = (real: () => unknown, args: readonly unknown[]) => unknown;

interface Plan {
  readonly call: number;
  readonly fault: Fault;
}

interface Scope {
  readonly filter: GPUErrorFilter;
  error: GPUError | null;
}

/**
 * A device around a real one on which chosen calls fail, as drivers fail: everything else goes through. Its objects are the
 * real device's, so kernels run, and what is invalid is invalid to Dawn.
 */
export class FaultyDevice {
  /** To be given to an engine. */
  readonly device: GPUDevice;
  readonly #real: GPUDevice;
  readonly #plans = new Map<FaultPoint, Plan>();
  readonly #counts = new Map<FaultPoint, number>();
  /** Open error scopes of whoever uses the device, innermost last. */
  readonly #scopes: Scope[] = [];

  constructor(real: GPUDevice) {
    this.#real = real;
    const { queue: realQueue } = real;
    const queue = around(realQueue, {
      submit: this.#faulty("submit", realQueue.submit.bind(realQueue)),
      writeBuffer: this.#faulty("writeBuffer", realQueue.writeBuffer.bind(realQueue)),
      onSubmittedWorkDone: this.#faulty("onSubmittedWorkDone", realQueue.onSubmittedWorkDone.bind(realQueue)),
    });
    this.device = around(real, {
      queue,
      createBuffer: this.#faulty("createBuffer", (...args) => this.#createBuffer(...args)),
      createComputePipelineAsync: this.#faulty(
        "createComputePipelineAsync",
        real.createComputePipelineAsync.bind(real),
      ),
      pushErrorScope: (filter) => {
        this.#scopes.push({ filter, error: null });
        real.pushErrorScope(filter);
      },
      popErrorScope: async () => {
        const injected = this.#scopes.pop()?.error ?? null;
        return (await real.popErrorScope()) ?? injected;
      },
    });
  }

  /** From now on calls are counted from 1, and the `call`-th of `point` meets the fault; only that one. */
  arm(point: FaultPoint, call: number, fault: Fault): void {
    this.#counts.set(point, 0);
    this.#plans.set(point, { call, fault });
  }

  /** Nothing fails any more. @returns calls since `arm` */
  disarm(point: FaultPoint): number {
    this.#plans.delete(point);
    return this.#counts.get(point) ?? 0;
  }

  /** An error as the device itself would report it: to the innermost scope for it, else to nobody in particular. */
  report(filter: GPUErrorFilter, error: GPUError): void {
    const scope = this.#scopes.findLast((one) => one.filter === filter);
    if (scope) scope.error ??= error;
    else this.#real.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  }

  /** A fault of any call: the device is gone just before it. */
  readonly losing: Fault = (real) => {
    this.#real.destroy();
    return real();
  };

  /** A fault of `createBuffer`: the driver gives up at once. */
  readonly throwing: Fault = () => {
    throw new RangeError("createBuffer failed, size is too large for the implementation");
  };

  /** A fault of `createBuffer`: a buffer that is not there, and word of it later. */
  readonly outOfMemory: Fault = (_, [descriptor]) => {
    this.report("out-of-memory", new GPUOutOfMemoryError("Failed to allocate memory for buffer"));
    return this.#invalidBuffer(descriptor as GPUBufferDescriptor);
  };

  #createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#real.createBuffer(descriptor);
    const map = buffer.mapAsync.bind(buffer);
    return Object.assign(buffer, { mapAsync: this.#faulty("mapAsync", map) });
  }

  /** Whoever uses it is refused. */
  #invalidBuffer({ label, size }: GPUBufferDescriptor): GPUBuffer {
    this.#real.pushErrorScope("validation");
    // A buffer without any usage is none.
    const buffer = this.#real.createBuffer({ label: label ?? "", size, usage: 0 });
    void this.#real.popErrorScope();
    return buffer;
  }

  #faulty<Args extends unknown[], Result>(point: FaultPoint, real: (...args: Args) => Result) {
    return (...args: Args): Result => {
      const call = (this.#counts.get(point) ?? 0) + 1;
      this.#counts.set(point, call);
      const plan = this.#plans.get(point);
      return plan?.call === call ? (plan.fault(() => real(...args), args) as Result) : real(...args);
    };
  }
}

/** The object with some of its properties replaced. Dawn's methods want the real object as `this`. */
export function around<T extends object>(object: T, replaced: Partial<T>): T {
  return new Proxy(object, {
    get(target, key) {
      if (key in replaced) return replaced[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
