import type { ScalarType } from "./node.ts";
import type { ConfScalar } from "./types.ts";

// YAML 1.1 plain scalars as PyYAML reads them, because the confs this project must read unchanged were written for it.
// It differs from YAML 1.2 (yes/no and on/off are booleans, 010 is octal, 1:30 counts in sixties) and from the letter
// of 1.1 (a float needs a point, and its exponent a sign: 1e-3 is a string; y and n are strings).

const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INT = /^[-+]?(?:0b_*[01][01_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const SEXAGESIMAL_FLOAT = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/;
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;

export interface TypedScalar {
  type: ScalarType;
  value: ConfScalar;
}

/** The type and value of an unquoted scalar. */
export function resolvePlain(text: string): TypedScalar {
  if (NULL.test(text)) return { type: "null", value: null };
  if (TRUE.test(text)) return { type: "bool", value: true };
  if (FALSE.test(text)) return { type: "bool", value: false };
  if (INT.test(text)) return { type: "int", value: parseYamlInt(text) };
  if (FLOAT.test(text)) return { type: "float", value: Number(text.replaceAll("_", "")) };
  if (SEXAGESIMAL_FLOAT.test(text)) return { type: "float", value: sexagesimal(text.replaceAll("_", "")) };
  if (INFINITY.test(text)) return { type: "float", value: text.startsWith("-") ? -Infinity : Infinity };
  if (NOT_A_NUMBER.test(text)) return { type: "float", value: Number.NaN };
  return { type: "string", value: text };
}

function parseYamlInt(text: string): number {
  const plain = text.replaceAll("_", "");
  const sign = plain.startsWith("-") ? -1 : 1;
  const digits = plain.replace(/^[-+]/, "");
  if (digits.includes(":")) return sexagesimal(plain);
  if (digits.startsWith("0b")) return sign * Number.parseInt(digits.slice(2), 2);
  if (digits.startsWith("0x")) return sign * Number.parseInt(digits.slice(2), 16);
  if (digits.startsWith("0") && digits !== "0") return sign * Number.parseInt(digits, 8);
  return sign * Number(digits);
}

function sexagesimal(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const parts = text.replace(/^[-+]/, "").split(":");
  return sign * parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A number written so that it is read back with the same value and type (`2.0`, `1.0e-7`, `.nan`). */
export function formatNumber(value: number, type: "int" | "float"): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  if (type === "int" && !text.includes("e")) return text;
  if (text.includes(".")) return text;
  const [mantissa, exponent] = text.split("e");
  return exponent === undefined ? `${mantissa}.0` : `${mantissa}.0e${exponent}`;
}
