import * as Comlink from "comlink";
import type { DecodeImage, Decoder } from "../../data/own/decode-all.ts";
import { decodeImage } from "./decode.ts";
import type { DecodeApi } from "./decode-worker.ts";

/** Decoders in workers of their own. Disposing it ends them; what they are decoding then fails. */
export interface DecoderPool extends Decoder {
  /** Workers that are alive; 0 where images are decoded in place. */
  readonly workers: () => number;
}

/** One worker decodes one image while it is sent the next. */
const PER_WORKER = 2;
const MOST_WORKERS = 4;

/**
 * Starts workers that decode images, one for each core but one, four at most. Where workers cannot be started, as inside
 * of workers in some browsers and under some policies, and for images whose worker dies, it decodes in place.
 */
export function openDecoderPool(count = defaultWorkers()): DecoderPool {
  const members = new Set<Member>();
  for (let i = 0; i < count; i++) {
    const member = startMember((gone) => members.delete(gone));
    if (member) members.add(member);
  }
  return {
    concurrency: Math.max(1, members.size) * PER_WORKER,
    workers: () => members.size,
    async decode(image, size) {
      const member = leastBusy(members);
      if (!member) return decodeImage(image, size);
      try {
        return await member.decode(image, size);
      } catch (error) {
        if (error instanceof DeadWorker) return decodeImage(image, size);
        throw error;
      }
    },
    dispose() {
      for (const member of members) member.end();
      members.clear();
    },
  };
}

interface Member {
  /** @throws DeadWorker, besides what decoding throws */
  readonly decode: DecodeImage;
  /** Images that it has been sent and has not answered. */
  readonly busy: () => number;
  end(): void;
}

class DeadWorker extends Error {}

function startMember(onDeath: (member: Member) => void): Member | undefined {
  let worker: Worker;
  try {
    worker = new Worker(new URL("./decode-worker.ts", import.meta.url), { type: "module", name: "supernet-decode" });
  } catch {
    return undefined;
  }
  const api = Comlink.wrap<DecodeApi>(worker);
  // Calls to a worker that has died are never answered: whoever waits is told by these. (A promise of its death that every call
  // races against would hold all images until the end.)
  const waiting = new Set<(error: Error) => void>();
  const die = (error: Error) => {
    for (const reject of waiting) reject(error);
    waiting.clear();
  };
  const member: Member = {
    decode: (image, size) =>
      new Promise((resolve, reject) => {
        waiting.add(reject);
        api
          .decode(image, size)
          .then(resolve, reject)
          .finally(() => waiting.delete(reject));
      }),
    busy: () => waiting.size,
    end() {
      worker.terminate();
      die(new Error("cannot be decoded: the import was given up"));
    },
  };
  // The script cannot be loaded, or something was thrown that no call answers.
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    worker.terminate();
    onDeath(member);
    die(new DeadWorker());
  });
  return member;
}

function leastBusy(members: Iterable<Member>): Member | undefined {
  let best: Member | undefined;
  for (const member of members) if (!best || member.busy() < best.busy()) best = member;
  return best;
}

function defaultWorkers(): number {
  if (typeof Worker === "undefined") return 0;
  return Math.min(MOST_WORKERS, Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));
}
