/**
 * What random numbers are drawn for. Each purpose has a stream of its own, so that adding a draw for one never shifts
 * the numbers of another. The numbers are part of what a seed means: append, never renumber.
 */
export const STREAMS = {
  /** initial weights and alphas */
  init: 0,
  /** which samples a limited set keeps, and which of them validate */
  split: 1,
  /** order of the training samples in an epoch */
  shuffle: 2,
  /** order of the samples that drive the alphas in a search */
  shuffleVal: 3,
  /** crop, flip and cutout of training batches */
  augment: 4,
  /** crop, flip and cutout of the batches that drive the alphas in a search */
  augmentVal: 5,
  /** which paths drop path drops */
  dropPath: 6,
  /** the drawn images of the embedded data set */
  shapes: 7,
  /** gumbel noise */
  gumbel: 8,
  /** random architectures */
  randomSearch: 9,
  /** which activations dropout drops */
  dropout: 10,
  /** how shake-shake mixes two branches, and their gradients */
  shake: 11,
  /** choices of nodes when a Gumbel-softmax search ends */
  gumbelFinal: 12,
  /** Petridish: seeds, which network grows next, and what is new in it */
  growth: 13,
} as const;
