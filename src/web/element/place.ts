import type { RunRequest, UnfinishedRun } from "../../worker/protocol.ts";
import { type Slot, takeNamed, takeSlot } from "./slot.ts";

/** Under which name an element runs, and what it asks for. */
export interface Place {
  readonly slot: Slot;
  readonly request: RunRequest;
}

export interface PlaceOptions {
  /** What the element has already. */
  readonly own: Slot | undefined;
  /** Of the origin. */
  readonly unfinished: readonly UnfinishedRun[];
  /** Begin again even where there is something to go on with. */
  readonly anew: boolean;
}

const BASE = "embed";
const OURS = /^embed(-\d+)?$/;

/**
 * The place of an unfinished run with the same settings, to go on there, else one without an unfinished run: what others have
 * done is not overwritten.
 */
export async function placeOf(asked: RunRequest, { own, unfinished, anew }: PlaceOptions): Promise<Place> {
  const left = unfinished.filter(({ request: { algo, dataset, prefix = "" } }) => {
    return algo === asked.algo && dataset === asked.dataset && OURS.test(prefix);
  });
  const nameOf = ({ request }: UnfinishedRun) => request.prefix!;
  const settings = settingsOf(asked);
  const same = left.filter(({ request }) => settingsOf(request) === settings).map(nameOf);
  for (const name of same) {
    const slot = own?.name === name ? own : await takeNamed(name);
    if (slot) return placed(slot, anew ? "fresh" : "require");
  }
  const avoided = new Set(left.map(nameOf));
  return placed(own && !avoided.has(own.name) ? own : await takeSlot(BASE, avoided), "fresh");

  function placed(slot: Slot, resume: "fresh" | "require"): Place {
    if (slot !== own) own?.release();
    return { slot, request: { ...asked, prefix: slot.name, resume } };
  }
}

/** A request but for its name and what to do with what is there. */
const settingsOf = (request: RunRequest) => JSON.stringify({ ...request, prefix: undefined, resume: undefined });
