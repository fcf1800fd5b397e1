import type { SupernetSearchElement } from "./api.ts";
import { SupernetSearch as Implementation } from "./supernet-search.ts";

export type * from "../../worker/protocol.ts";
export type * from "./api.ts";

/** The class of `<supernet-search>`, which loading this module registers. */
export const SupernetSearch: new () => SupernetSearchElement = Implementation;
