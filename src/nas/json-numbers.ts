/** JSON that keeps the numbers it has no words for: NaN, the infinities and -0 are `{"number": "NaN"}` and so on. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, item) => (isOrdinary(item) ? item : { number: numberText(item) }), indent);
}

/** @returns what `toJson` was given, but for values that JSON leaves out. @throws SyntaxError */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, item) => (isNumberText(item) ? Number(item.number) : item));
}

const isOrdinary = (value: unknown) => typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0));

const numberText = (value: number) => (value === 0 ? "-0" : String(value));

const isNumberText = (value: unknown): value is { readonly number: string } =>
  typeof value === "object" &&
  value !== null &&
  "number" in value &&
  /^(NaN|-?Infinity|-0)$/.test(String(value.number));
