import { dims4, type TensorType } from "../types.ts";
import { listText, requireShape, shapeText } from "./def.ts";

/** The inputs of an op under the names its definition gives them; a wrong number of inputs is an error. */
export function take<const Names extends readonly string[]>(
  inputs: readonly TensorType[],
  ...names: Names
): { [I in keyof Names]: TensorType } {
  requireShape(
    inputs.length === names.length,
    `takes ${names.length} inputs (${names.join(", ")}), but got ${inputs.length}`,
  );
  return inputs as { [I in keyof Names]: TensorType };
}

/** [N, C, H, W] of an f32 activation; anything else is an error. */
export function requirePlanes(name: string, type: TensorType): [number, number, number, number] {
  requireShape(
    type.layout === "planes" && type.dtype === "f32" && type.shape.length === 4,
    `${name} must be planes f32 [N, C, H, W], not ${shapeText(type)}`,
  );
  return dims4(type);
}

/** An f32 vector of exactly this shape. */
export function requireFlat(name: string, type: TensorType, shape: readonly number[]): void {
  requireShape(
    type.layout === "flat" && type.dtype === "f32" && sameShape(type.shape, shape),
    `${name} must be flat f32 ${listText(shape)}, not ${shapeText(type)}`,
  );
}

/** An f32 vector of rank 1; yields its length. */
export function requireVector(name: string, type: TensorType): number {
  requireShape(
    type.layout === "flat" && type.dtype === "f32" && type.shape.length === 1,
    `${name} must be flat f32 of rank 1, not ${shapeText(type)}`,
  );
  return type.shape[0]!;
}

/** `type` must equal `expected` in layout, element type and shape. */
export function requireSame(name: string, type: TensorType, expectedName: string, expected: TensorType): void {
  requireShape(
    sameType(type, expected),
    `${name} is ${shapeText(type)}, but ${expectedName} is ${shapeText(expected)}; they must be alike`,
  );
}

export function requireF32(name: string, type: TensorType): void {
  requireShape(type.dtype === "f32", `${name} must be f32, not ${shapeText(type)}`);
}

/** Sizes of a stored tensor: whole and positive. */
export function requireSizes(type: TensorType): void {
  requireShape(
    type.shape.length > 0 && type.shape.every((size) => Number.isInteger(size) && size > 0),
    `sizes must be positive integers, not ${shapeText(type)}`,
  );
  requireShape(type.layout === "flat" || type.shape.length === 4, `planes have four sizes, not ${shapeText(type)}`);
}

export function requireIndex(name: string, index: number, end: number): void {
  requireShape(
    Number.isInteger(index) && index >= 0 && index < end,
    `${name} must be an integer from 0 to ${end - 1}, not ${index}`,
  );
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return a.layout === b.layout && a.dtype === b.dtype && sameShape(a.shape, b.shape);
}
