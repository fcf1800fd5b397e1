import { SupernetError } from "../../errors.ts";
import type { SearchConf } from "../../nas/search-method.ts";
import type { Temperature } from "../../train/course.ts";

/**
 * Temperature of the samples by epoch, from 0: it falls by the same factor after each epoch, from `temperature` in the first
 * to `min_temperature` in the last.
 * @throws SupernetError("config") when it would rise
 */
export function temperatureOf({ gs, trainer: { epochs } }: SearchConf): Temperature {
  const first = gs?.temperature ?? 1;
  const last = gs?.min_temperature ?? first;
  if (last > first) {
    throw new SupernetError(
      "config",
      `nas.search.gs.min_temperature ${last} is above nas.search.gs.temperature ${first}; lower it, or leave it out for no change`,
    );
  }
  return (epoch) => (epochs > 1 ? first * (last / first) ** (epoch / (epochs - 1)) : first);
}
