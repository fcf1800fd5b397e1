import type { TrainedBy, TrainedRole } from "./weight-update.ts";

/** What optimizers may move, in the order in which they do. */
const ROLES: readonly TrainedRole[] = ["weights", "alphas"];

/** What a trainer's optimizers move. */
export const trainedRoles = (trained: TrainedBy): TrainedRole[] => ROLES.filter((role) => trained[role] !== undefined);
