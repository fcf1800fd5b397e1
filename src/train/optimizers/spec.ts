import { SupernetError } from "../../errors.ts";

/** The conf section `optimizer` (or `alpha_optimizer`); which keys must be there depends on `type`. */
export interface OptimizerConf {
  /** sgd, adam or cocob. */
  readonly type?: string;
  readonly lr?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Weight decay, added to the gradient (L2); absent or NaN is 0. */
  readonly decay?: number | null;
  /** Weight decay of batch-norm scales and shifts; absent, null or NaN is that of all others. */
  readonly decay_bn?: number | null;
  readonly betas?: readonly number[];
  readonly alpha?: number;
}

interface Decays {
  readonly decay: number;
  readonly decayBatchNorm: number;
}

/** An optimizer as plain data. Learning rate and momentum are those before any schedule. */
export type OptimizerSpec =
  | ({ readonly type: "sgd"; readonly lr: number; readonly momentum: number; readonly nesterov: boolean } & Decays)
  | ({
      readonly type: "adam";
      readonly lr: number;
      readonly betas: readonly [number, number];
      readonly epsilon: number;
    } & Decays)
  /** Coin betting (Orabona and Tommasi 2017): no learning rate, no decay. */
  | { readonly type: "cocob"; readonly alpha: number; readonly epsilon: number };

/** Added to the root of Adam's second moment, and the least gradient scale of COCOB: PyTorch's and Archai's defaults. */
const EPSILON = 1e-8;

/**
 * Reads an optimizer's conf section; `path` names it in errors.
 *
 * @throws SupernetError("config") on an unknown type or a missing or impossible setting.
 */
export function optimizerSpec(conf: OptimizerConf, path = "optimizer"): OptimizerSpec {
  const number = (key: "lr" | "momentum" | "alpha"): number => {
    const value = conf[key];
    if (typeof value === "number" && value >= 0) return value;
    throw new SupernetError(
      "config",
      `${path} of type ${conf.type} needs ${key}, a number >= 0, and has ${String(value)}`,
    );
  };
  switch (conf.type) {
    case "sgd": {
      const momentum = number("momentum");
      const nesterov = conf.nesterov ?? false;
      if (nesterov && momentum === 0) {
        throw new SupernetError(
          "config",
          `${path}.nesterov needs a momentum above 0; set ${path}.momentum or nesterov: false`,
        );
      }
      return { type: "sgd", lr: number("lr"), momentum, nesterov, ...decays(conf) };
    }
    case "adam": {
      const [beta1, beta2] = conf.betas ?? [0.9, 0.999];
      if (!inUnit(beta1) || !inUnit(beta2)) {
        throw new SupernetError(
          "config",
          `${path}.betas must be two numbers in [0, 1), not [${conf.betas?.join(", ")}]`,
        );
      }
      return { type: "adam", lr: number("lr"), betas: [beta1, beta2], epsilon: EPSILON, ...decays(conf) };
    }
    case "cocob":
      return { type: "cocob", alpha: number("alpha"), epsilon: EPSILON };
    default:
      throw new SupernetError("config", `${path}.type is "${conf.type}"; known are sgd, adam and cocob`);
  }
}

const inUnit = (value: number | undefined): value is number => value !== undefined && value >= 0 && value < 1;

function decays(conf: OptimizerConf): Decays {
  const decay = finiteOr(conf.decay, 0);
  return { decay, decayBatchNorm: finiteOr(conf.decay_bn, decay) };
}

const finiteOr = (value: number | null | undefined, fallback: number): number =>
  value === null || value === undefined || Number.isNaN(value) ? fallback : value;

/** What a step of an optimizer reads from the `Step` uniform. */
export interface StepRates {
  readonly lr: number;
  /** SGD's momentum, Adam's beta1. */
  readonly momentum: number;
  /** 1 / (1 - beta^t) of Adam's two moments, else 1. */
  readonly adamC1: number;
  readonly adamC2: number;
}

/**
 * Rates of one step.
 *
 * @param count how many steps this optimizer takes including this one: 1 for the first.
 * @param rate from the schedule; its momentum, if it has one, replaces the optimizer's.
 */
export function stepRates(spec: OptimizerSpec, count: number, rate: { lr: number; momentum?: number }): StepRates {
  if (spec.type === "cocob") return { lr: rate.lr, momentum: 0, adamC1: 1, adamC2: 1 };
  if (spec.type === "sgd") return { lr: rate.lr, momentum: rate.momentum ?? spec.momentum, adamC1: 1, adamC2: 1 };
  const beta1 = rate.momentum ?? spec.betas[0];
  return { lr: rate.lr, momentum: beta1, adamC1: 1 / (1 - beta1 ** count), adamC2: 1 / (1 - spec.betas[1] ** count) };
}
