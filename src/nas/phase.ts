/** The two halves of an experiment: finding an architecture, and training it from scratch. */
export type Phase = "search" | "eval";
