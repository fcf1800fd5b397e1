import { SupernetError } from "../../errors.ts";
import { type Curve, cosineBetween } from "./curve.ts";

/** Smith's one-cycle policy with PyTorch's defaults (torch.optim.lr_scheduler.OneCycleLR). */
const RISING = 0.3;
const START_DIVISOR = 25;
const END_DIVISOR = 1e4;
const LOW_MOMENTUM = 0.85;
const HIGH_MOMENTUM = 0.95;

/**
 * Learning rate from maxLr/25 up to maxLr in the first 30 % of `steps`, down to maxLr/250000 in the rest, momentum the
 * other way round. The optimizer's own learning rate and momentum are not used, nor is a warm-up's multiplier.
 *
 * @throws SupernetError("config") from `at` beyond position `steps` (the value after the last step still exists).
 */
export function oneCycle(maxLr: number, steps: number): Curve {
  const startLr = maxLr / START_DIVISOR;
  const endLr = startLr / END_DIVISOR;
  const top = RISING * steps - 1;
  return {
    perStep: true,
    start: { lr: startLr, momentum: HIGH_MOMENTUM },
    at(position) {
      if (position > steps) {
        throw new SupernetError(
          "config",
          `lr_schedule one_cycle has ${steps} steps and is asked for step ${position}: it counts warmup.epochs as steps ` +
            "but leaves out whole epochs for them; set warmup to null or warmup.epochs to 0",
        );
      }
      const rising = position <= top;
      const fraction = rising ? position / top : (position - top) / (steps - 1 - top);
      const [fromLr, toLr] = rising ? [startLr, maxLr] : [maxLr, endLr];
      const [fromMomentum, toMomentum] = rising ? [HIGH_MOMENTUM, LOW_MOMENTUM] : [LOW_MOMENTUM, HIGH_MOMENTUM];
      return {
        lr: cosineBetween(fromLr, toLr, fraction),
        momentum: cosineBetween(fromMomentum, toMomentum, fraction),
      };
    },
  };
}
