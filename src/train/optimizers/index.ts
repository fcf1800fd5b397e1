export { Optimizer, type OptimizerTarget } from "./optimizer.ts";
export { type OptimizerConf, type OptimizerSpec, optimizerSpec, type StepRates, stepRates } from "./spec.ts";
