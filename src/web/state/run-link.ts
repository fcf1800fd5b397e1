import { deflateSync, Inflate, strToU8 } from "fflate";
import type { RunRequest } from "../../worker/protocol.ts";

/** A run as a link carries it: data only, to be looked at and started by whoever opens it. */
export type LinkedRun = Pick<RunRequest, "algo" | "dataset" | "full" | "confText" | "overrides">;

const PREFIX = "#run=";
const MAX_HASH = 64 * 1024;
const MAX_TEXT = 512 * 1024;
const MAX_OVERRIDES = 100;
const NAME = /^[a-z0-9_-]{1,64}$/i;

/** `#run=…`: the run as JSON, deflated, in the alphabet of URLs. */
export function runHash({ algo, dataset, full, confText, overrides }: LinkedRun): string {
  const json = JSON.stringify({ algo, dataset, full, confText, overrides });
  const binary = Array.from(deflateSync(strToU8(json), { level: 9 }), (byte) => String.fromCharCode(byte)).join("");
  return PREFIX + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The run of a hash; undefined where the hash is none of ours.
 * @throws Error that says what is wrong with the link
 */
export function parseRunHash(hash: string): LinkedRun | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  if (hash.length > MAX_HASH)
    throw new Error("the link is longer than any link to a run: it was not made by this page");
  return checked(decode(hash.slice(PREFIX.length)));
}

function decode(text: string): unknown {
  try {
    const packed = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(inflate(packed));
  } catch (cause) {
    throw new Error("the link is damaged: copy it again, whole", { cause });
  }
}

/** A few kilobytes may unpack to gigabytes, so unpacking ends at what a conf can be. */
function inflate(packed: Uint8Array): string {
  const decoder = new TextDecoder();
  let text = "";
  const stream = new Inflate((part) => {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_TEXT) throw new Error("too long");
  });
  for (let at = 0; at < packed.length; at += 1024) {
    stream.push(packed.subarray(at, at + 1024), at + 1024 >= packed.length);
  }
  return text;
}

function checked(value: unknown): LinkedRun {
  const wrong = (what: string) => new Error(`the link is not one to a run: ${what}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("it holds no settings");
  const { algo, dataset, full, confText, overrides, ...others } = value as Record<string, unknown>;
  const strange = Object.keys(others)[0];
  if (strange !== undefined) throw wrong(`it sets "${strange.slice(0, 40)}"`);
  if (typeof algo !== "string" || !NAME.test(algo)) throw wrong("its algorithm has no proper name");
  if (typeof dataset !== "string" || !NAME.test(dataset)) throw wrong("its data set has no proper name");
  if (full !== undefined && typeof full !== "boolean") throw wrong('"full" is neither true nor false');
  if (confText !== undefined && typeof confText !== "string") throw wrong("its conf is no text");
  if (overrides !== undefined && !isTexts(overrides)) throw wrong("its overrides are no list of texts");
  return { algo, dataset, full, confText, overrides };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_OVERRIDES && value.every((item) => typeof item === "string");
}
