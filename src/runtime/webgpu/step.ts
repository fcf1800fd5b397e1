/** Values of the uniform in shaders/step.wesl; what is left out is zero. */
export interface StepValues {
  seed: bigint | number;
  step: number;
  dropPath: number;
  lr: number;
  momentum: number;
  alphaLr: number;
  alphaMomentum: number;
  batchStart: number;
  valBatchStart: number;
  adamC1: number;
  adamC2: number;
  alphaAdamC1: number;
  alphaAdamC2: number;
  valid: number;
  valValid: number;
}

export const STEP_BYTES = 64;

/** The uniform's bytes, field by field in the order of shaders/step.wesl. */
export function packStep(values: Partial<StepValues>): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(STEP_BYTES));
  let offset = 0;
  const u32 = (value: number) => {
    view.setUint32(offset, value >>> 0, true);
    offset += 4;
  };
  const f32 = (value: number) => {
    view.setFloat32(offset, value, true);
    offset += 4;
  };
  const seed = BigInt.asUintN(64, BigInt(values.seed ?? 0));
  u32(Number(seed & 0xffffffffn));
  u32(Number(seed >> 32n));
  u32(values.step ?? 0);
  f32(values.dropPath ?? 0);
  f32(values.lr ?? 0);
  f32(values.momentum ?? 0);
  f32(values.alphaLr ?? 0);
  f32(values.alphaMomentum ?? 0);
  u32(values.batchStart ?? 0);
  u32(values.valBatchStart ?? 0);
  f32(values.adamC1 ?? 0);
  f32(values.adamC2 ?? 0);
  f32(values.alphaAdamC1 ?? 0);
  f32(values.alphaAdamC2 ?? 0);
  u32(values.valid ?? 0);
  u32(values.valValid ?? 0);
  return view.buffer as ArrayBuffer;
}
