import { flat, type TensorType, type Value } from "../types.ts";
import { requireFlat, requirePlanes, take } from "./check.ts";
import { type OpDef, requireShape, shapeText } from "./def.ts";

/** [N, K] of logits with their labels. */
function requireLogits(logits: TensorType, labels: TensorType): [number, number] {
  const [n, classes, h, w] = requirePlanes("logits", logits);
  requireShape(h === 1 && w === 1, `logits must be [N, K, 1, 1], not ${shapeText(logits)}`);
  requireShape(
    labels.layout === "flat" && labels.dtype === "u32" && labels.shape.length === 1 && labels.shape[0] === n,
    `labels must be flat u32 [${n}], not ${shapeText(labels)}`,
  );
  return [n, classes];
}

function requireSmoothing(smoothing: number, classes: number): void {
  requireShape(smoothing >= 0 && smoothing < 1, `smoothing must be in [0, 1), not ${smoothing}`);
  requireShape(smoothing === 0 || classes > 1, "smoothing needs more than one class");
}

export const cross_entropy: OpDef<"cross_entropy"> = {
  infer(inputs, { smoothing }) {
    const [logits, labels] = take(inputs, "logits", "labels");
    const [n, classes] = requireLogits(logits, labels);
    requireSmoothing(smoothing, classes);
    return flat([n]);
  },
  vjp({ g, node, dy }) {
    const [logits, labels] = node.inputs as [Value, Value];
    return [g.add("cross_entropy_dx", [logits, labels, dy], node.attrs), undefined];
  },
};

export const cross_entropy_dx: OpDef<"cross_entropy_dx"> = {
  infer(inputs, { smoothing }) {
    const [logits, labels, dloss] = take(inputs, "logits", "labels", "dloss");
    const [n, classes] = requireLogits(logits, labels);
    requireSmoothing(smoothing, classes);
    requireFlat("dloss", dloss, [n]);
    return logits;
  },
};

export const top_k: OpDef<"top_k"> = {
  infer(inputs, { k }) {
    const [logits, labels] = take(inputs, "logits", "labels");
    const [n] = requireLogits(logits, labels);
    requireShape(Number.isInteger(k) && k >= 1, `k must be a positive integer, not ${k}`);
    return flat([n]);
  },
};
