import { type Curve, cosineBetween } from "./curve.ts";

/** No schedule: the learning rate stays. */
export const constant = (lr: number): Curve => ({ perStep: false, start: { lr }, at: (_, peak) => ({ lr: peak }) });

/** Half a cosine from the optimizer's learning rate to `minLr` over `epochs` epochs. */
export const cosine = (lr: number, minLr: number, epochs: number): Curve => ({
  perStep: false,
  start: { lr },
  at: (epoch, peak) => ({ lr: cosineBetween(peak, minLr, epoch / epochs) }),
});

/** Times `gamma` at each milestone (an epoch); a milestone listed twice counts twice. */
export const multiStep = (lr: number, milestones: readonly number[], gamma: number): Curve => ({
  perStep: false,
  start: { lr },
  at: (epoch, peak) => ({ lr: peak * gamma ** milestones.filter((milestone) => milestone <= epoch).length }),
});

/** Times `gamma` every `period` epochs. */
export const step = (lr: number, period: number, gamma: number): Curve => ({
  perStep: false,
  start: { lr },
  at: (epoch, peak) => ({ lr: peak * gamma ** Math.floor(epoch / period) }),
});

/**
 * A tenth at half of the epochs, a hundredth at three quarters.
 *
 * Archai multiplies by the base learning rate twice, so training starts at lr squared; confs are tuned to what it does,
 * so it is kept.
 */
export const pyramid = (lr: number, epochs: number): Curve => {
  const factor = (epoch: number) =>
    lr * 0.1 ** (Math.floor(epoch / (epochs * 0.5)) + Math.floor(epoch / (epochs * 0.75)));
  return { perStep: false, start: { lr }, at: (epoch, peak) => ({ lr: peak * factor(epoch) }) };
};
