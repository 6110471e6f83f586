import { described } from "../check/described.ts";
import { wholeNumbers } from "../check/numbers.ts";
import { ShapeError } from "../errors.ts";
import { fromFloat32, isContiguous, type StoredTensor, toFloat32 } from "../tensor/stored-tensor.ts";
import {
  bytesOf,
  checkedDType,
  checkedShape,
  checkedTensor,
  type DType,
  isDType,
  isFloat,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
  zeros,
} from "../tensor/tensor.ts";

/**
 * A graph is defined by its outputs. A `Value` refers to the node that computes it, a node to the values it reads, and nothing
 * points the other way: nodes that no output depends on are never written, so dead-code elimination needs no pass.
 */
export interface Value<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: Shape;
  readonly source: Source;
  /** The loop body in which the value exists; a value of an outer scope may be read in any inner one. */
  readonly scope: Scope;
}

/** Where a value comes from. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  | { readonly kind: "stored"; readonly stored: StoredTensor }
  | { readonly kind: "node"; readonly node: Node; readonly output: number };

/** One application of an operator. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** The repeated graph of a Loop. */
  readonly body?: Body;
}

/** The graph inside a Loop: formal inputs, which are new in each iteration, and the values handed to the next one. */
export interface Body {
  readonly scope: Scope;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Nesting of loop bodies; the outermost graph has depth 0. */
export interface Scope {
  readonly depth: number;
  readonly parent: Scope | null;
}

/** Attributes by their ONNX type: integers, floats and texts. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };
export type Attributes = Readonly<Record<string, Attribute>>;

/** Shape and dtype of one output. */
export interface OutputType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * Given the gradient of a node's first output, the gradient of each of its inputs (null: not differentiable). A rule may ask whether the
 * gradient of an input is wanted; others are dropped.
 */
export type GradientRule = (
  dy: Value,
  inputs: readonly Value[],
  node: Node,
  isWanted: (input: number) => boolean,
) => readonly (Value | null)[];

/** A case on which the gradient rule is compared with finite differences. */
export interface GradientSample {
  /** Shapes of the differentiated inputs, filled with seeded numbers of `range`. */
  readonly shapes: readonly Shape[];
  /** Applies the operator; other inputs and attributes are chosen here. */
  readonly apply: (...inputs: Value[]) => Value;
  /** Bounds of the seeded numbers, by default [-1, 1]; operators with a pole or a kink stay clear of it. */
  readonly range?: readonly [number, number];
  /** float32 where ONNX Runtime has no float64 kernel on the CPU, by default float64. */
  readonly dtype?: "float32" | "float64";
}

/** One row of the table of operators. */
export interface Operator {
  /** The ONNX name. */
  readonly name: string;
  /** The operator set that it belongs to, in its version 1; by default ONNX's own. */
  readonly domain?: string;
  readonly types: (inputs: readonly Value[], attributes: Attributes, body?: Body) => readonly OutputType[];
  /** Element types that its operands may have, all of them the same: those for which ONNX Runtime has a kernel on the CPU. By default any. */
  readonly dtypes?: readonly DType[];
  /** How many of the inputs are written into the model, by default all; those behind are for the gradient alone. */
  readonly written?: number;
  /** How many of the inputs are operands, by default all; those behind are axes, bounds or indices. */
  readonly operands?: number;
  /** Multiplications and additions of one application, by default none worth counting. */
  readonly flops?: (node: Node) => number;
  /** Absent: a gradient through this operator is an error that names it. */
  readonly gradient?: GradientRule;
  /** Its output counts as a constant: no gradient flows through, by definition. */
  readonly stopsGradient?: true;
  /** At least one for each operator with a gradient: the finite-difference test is driven by them. */
  readonly samples?: readonly GradientSample[];
}

/** The outermost scope. */
export const rootScope: Scope = { depth: 0, parent: null };

/** The deepest scope of some values: where a node that reads them all can live. */
export function deepestScope(values: readonly Value[]): Scope {
  return values.reduce<Scope>((deepest, { scope }) => (scope.depth > deepest.depth ? scope : deepest), rootScope);
}

/** A value of a graph. @throws ShapeError for anything else */
export function checkedValue(value: unknown, what: string): Value {
  if (isValue(value)) return value;
  const isTensor = isDType((value as Value | undefined)?.dtype);
  const hint = isTensor ? " constant(tensor) makes a value of a tensor." : "";
  throw new ShapeError(`${what} must be a value of a graph, got ${described(value)}.${hint}`);
}

/** Whether it is a value of a graph. */
export function isValue(value: unknown): value is Value {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, source, scope } = value as Partial<Value>;
  return isDType(dtype) && Array.isArray(shape) && typeof source === "object" && typeof scope === "object";
}

/**
 * Applies an operator. The new node belongs to the innermost scope of its inputs, so values that do not depend on a loop's
 * iteration are computed once, outside the loop.
 *
 * @throws ShapeError when an input is not a value, has a dtype that the operator does not take, or does not fit the others
 */
export function apply(
  operator: Operator,
  inputs: readonly Value[],
  attributes: Attributes = {},
  body?: Body,
  scope?: Scope,
): readonly Value[] {
  checkInputs(operator, inputs);
  checkAttributes(operator, attributes);
  const outputs: Value[] = [];
  const node: Node = { operator, inputs, attributes, outputs, ...(body && { body }) };
  const home = scope ?? deepestScope(inputs);
  operator.types(inputs, attributes, body).forEach(({ dtype, shape }, output) => {
    checkedShape(shape, operator.name);
    outputs.push({ dtype, shape, source: { kind: "node", node, output }, scope: home });
  });
  return outputs;
}

function checkInputs({ name, dtypes, operands = Number.POSITIVE_INFINITY }: Operator, inputs: readonly Value[]): void {
  const given = inputs.map((value, i) => checkedValue(value, `${name}: input ${i}`)).slice(0, operands);
  const [first] = given;
  for (const value of dtypes ? given : []) {
    if (!dtypes!.includes(value.dtype)) throw new ShapeError(`${name}: the dtype must be ${dtypes!.join(" or ")}, got ${describe(value)}`);
    if (value.dtype !== first!.dtype) throw new ShapeError(`${name}: dtypes differ: ${describe(first!)} and ${describe(value)}`);
  }
}

function checkAttributes({ name }: Operator, attributes: Attributes): void {
  for (const [key, attribute] of Object.entries(attributes)) {
    if ("int" in attribute) wholeNumbers([attribute.int], `${name}: ${key}`);
    if ("ints" in attribute) wholeNumbers(attribute.ints, `${name}: ${key}`);
    if ("float" in attribute && !Number.isFinite(attribute.float))
      throw new ShapeError(`${name}: ${key} must be a number, got ${described(attribute.float)}.`);
  }
}

/** A value that is fed at each run; inputs of one graph need different names, without a colon. @throws ShapeError for another name, dtype or shape */
export function input<T extends DType>(name: string, dtype: T, shape: Shape): Value<T> {
  // Names with a colon are those of values inside.
  if (typeof name !== "string" || name === "" || name.includes(":"))
    throw new ShapeError(`input: the name must be a text without a colon, got ${described(name)}.`);
  const where = `input "${name}"`;
  return { dtype: checkedDType(dtype, where), shape: checkedShape(shape, where), source: { kind: "input", name }, scope: rootScope };
}

/** A small array that is part of the graph. @throws ShapeError when it is not a tensor */
export function constant<T extends DType>(array: Tensor<T>): Value<T> {
  const { dtype, shape } = checkedTensor(array, "constant: the array");
  return { dtype, shape, source: { kind: "constant", tensor: array }, scope: rootScope };
}

/** A tensor that the runtime maps straight from the user's file: no copy, no conversion. @throws ShapeError when it is not a contiguous stored tensor */
export function stored(array: StoredTensor): Value {
  const { file, offset, byteLength, dtype, shape } = (array ?? {}) as StoredTensor;
  if (typeof file !== "string" || !Number.isSafeInteger(offset) || offset < 0 || !isDType(dtype))
    throw new ShapeError(`stored: a tensor of a file, { file, offset, byteLength, dtype, shape }, was expected, got ${described(array)}.`);
  const bytes = sizeOf(checkedShape(shape, "stored")) * bytesOf(dtype);
  if (byteLength !== bytes || !isContiguous(array))
    throw new ShapeError(
      `stored: ${dtype} [${shape}] in "${file}" must be ${bytes} bytes that follow one another, got ${described(byteLength)}. Read it first.`,
    );
  return { dtype, shape, source: { kind: "stored", stored: array }, scope: rootScope };
}

/** A number as a constant [] of the dtype of `like`. @throws ShapeError when it is not a number, or the dtype cannot hold it */
export function scalar(number: number, like: DType = "float32"): Value {
  const holder = zeros(checkedDType(like, "scalar"), []);
  if (typeof number !== "number" || Number.isNaN(number)) throw new ShapeError(`scalar: a number was expected, got ${described(number)}.`);
  if (like === "float64") holder.data[0] = number;
  else if (isFloat(like)) holder.data.set(fromFloat32(like, Float32Array.of(number)) as never);
  else if (Number.isSafeInteger(number)) holder.data.set([typeof holder.data[0] === "bigint" ? BigInt(number) : number] as never);
  const isHeld = isFloat(like) ? Number.isFinite(toFloat32(holder)[0]!) || !Number.isFinite(number) : Number(holder.data[0]) === number;
  if (!isHeld && like !== "float64") throw new ShapeError(`scalar: ${like} cannot hold ${number}`);
  return constant(holder);
}

/**
 * Integers as a constant int64 vector: the axes, shapes and bounds that many operators take as an input.
 *
 * @param what - names them in the message
 * @throws ShapeError when they are not whole numbers
 */
export function integers(numbers: readonly number[], what = "integers: numbers"): Value<"int64"> {
  return constant(tensor("int64", [wholeNumbers(numbers, what).length], BigInt64Array.from(numbers, BigInt)));
}

/** The numbers behind a value made by `integers`. */
export function integersOf(value: Value): number[] {
  if (value.source.kind !== "constant")
    throw new ShapeError("integersOf: axes, shapes and bounds must be constants, as all shapes are static");
  return Array.from(value.source.tensor.data as BigInt64Array, Number);
}

/** Description of a value for an error message. */
export function describe(value: Value): string {
  const { source } = value;
  const what = source.kind === "node" ? source.node.operator.name : source.kind === "input" ? `input "${source.name}"` : source.kind;
  return `${what} ${value.dtype} [${value.shape}] (${sizeOf(value.shape)} elements)`;
}
