/** How the page writes numbers. Signs and units are set apart by a no-break space, as in print. */

const NBSP = "\u00a0";

/** `50.2 %` for 0.502. */
export function percent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)}${NBSP}%` : "–";
}

/** `9,218`. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `4.83 M` for 4,825,408; below a thousand as it is. */
export function compact(count: number): string {
  return scaled(count, 1000, ["", "k", "M", "G", "T"]);
}

/** `512 B`, `1.5 MiB`. */
export function bytes(count: number): string {
  return scaled(count, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  const power = value < base ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(base)));
  const number = value / base ** power;
  const text = power === 0 ? String(Math.round(number)) : number.toPrecision(number < 1000 ? 3 : 4);
  return units[power] ? `${text}${NBSP}${units[power]}` : text;
}

/** `45 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${NBSP}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${NBSP}min ${whole % 60}${NBSP}s`;
  return `${Math.floor(minutes / 60)}${NBSP}h ${minutes % 60}${NBSP}min`;
}

/** `0.7421`, `13.59`: four digits are what a loss is worth. */
export function loss(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : "not a number";
}

/** Date and time as the reader's country writes them. */
export function moment(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
