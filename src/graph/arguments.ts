/**
 * Argument checks for functions that build graphs. `apply` checks values, attributes and shapes; these functions check what is read
 * before. The code inside trusts the types.
 */
import { described } from "../check/described.ts";
import { wholeNumbers } from "../check/numbers.ts";
import { ShapeError } from "../errors.ts";
import type { Shape } from "../tensor/tensor.ts";
import { checkedValue, isValue, type Value } from "./value.ts";

/** A list. @throws ShapeError for anything else */
export function checkedArray<T>(list: readonly T[], what: string): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new ShapeError(`${what} must be an array, got ${described(list)}.`);
}

/** A list of values. @throws ShapeError for anything else */
export function checkedValues(values: readonly Value[], what: string): readonly Value[] {
  return Array.from(checkedArray(values, what), (value, i) => checkedValue(value, `${what}[${i}]`));
}

/** A pair of values. @throws ShapeError for anything else */
export function checkedPair(pair: readonly [Value, Value], what: string): readonly [Value, Value] {
  const [one, other] = checkedArray(pair, what);
  return [checkedValue(one, `${what}[0]`), checkedValue(other, `${what}[1]`)];
}

/** At least one value, by name. @throws ShapeError for anything else */
export function checkedOutputs(outputs: Readonly<Record<string, Value>>, where: string): [name: string, value: Value][] {
  const isRecord = typeof outputs === "object" && outputs !== null && !Array.isArray(outputs) && !isValue(outputs);
  const named = isRecord ? Object.entries(outputs) : [];
  if (named.length === 0) throw new ShapeError(`${where}: outputs must be values by their names, { y }, got ${described(outputs)}.`);
  return named.map(([name, value]) => [name, checkedValue(value, `${where}: output "${name}"`)]);
}

/** The shape of a value with a given number of axes. @throws ShapeError when it is not a value, or has another number of axes */
export function shapeOf(value: Value, what: string, axes?: number): Shape {
  const { shape } = checkedValue(value, what);
  if (axes !== undefined && shape.length !== axes) throw new ShapeError(`${what} must have ${axes} axes, got [${shape}].`);
  return shape;
}

/** An axis of a value, counted from the front: -1 is the last one. @throws ShapeError when it has no such axis */
export function axisOf(axis: number, x: Value, where: string): number {
  const { length } = shapeOf(x, `${where}: x`);
  if (Number.isInteger(axis) && axis >= -length && axis < length) return axis < 0 ? axis + length : axis;
  throw new ShapeError(`${where}: there is no axis ${described(axis)} in [${x.shape}].`);
}

/** Several axes, each once; all of them when none is named. @throws ShapeError as `axisOf`, and for one that is named twice */
export function axesOf(axes: readonly number[] | undefined, x: Value, where: string): readonly number[] {
  if (axes === undefined) return shapeOf(x, `${where}: x`).map((_, axis) => axis);
  const found = wholeNumbers(axes, `${where}: axes`).map((axis) => axisOf(axis, x, where));
  if (new Set(found).size === found.length) return found;
  throw new ShapeError(`${where}: axes [${axes}] name an axis of [${x.shape}] twice.`);
}

/** A small number that prevents a division by zero. @throws ShapeError when it is not a number of at least 0 */
export function checkedEpsilon(epsilon: number, where: string): number {
  if (Number.isFinite(epsilon) && epsilon >= 0) return epsilon;
  throw new ShapeError(`${where}: epsilon must be a number of at least 0, got ${described(epsilon)}.`);
}

/** A boolean as ONNX stores it. @throws ShapeError for anything else */
export function flagOf(flag: boolean, what: string): { readonly int: number } {
  if (typeof flag !== "boolean") throw new ShapeError(`${what} must be true or false, got ${described(flag)}.`);
  return { int: flag ? 1 : 0 };
}
