import { ShapeError } from "../errors.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { type DType, type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/**
 * A graph is the values it is asked for. A `Value` knows the node that makes it, a node knows the values it reads, and nothing
 * points the other way: what no output reaches is never written, so dead nodes need no pass of their own.
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

/** The graph inside a Loop: formal inputs, made afresh in each iteration, and the values handed to the next one. */
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

/** Attributes as ONNX tells them apart: integers, floats and texts. */
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

/** Given the gradient of a node's first output, the gradient of each of its inputs (null: not differentiable). */
export type GradientRule = (dy: Value, inputs: readonly Value[], node: Node) => readonly (Value | null)[];

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
  readonly types: (inputs: readonly Value[], attributes: Attributes, body?: Body) => readonly OutputType[];
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

/**
 * Applies an operator. The new node lives in the deepest scope of what it reads, so whatever does not depend on a loop's
 * iteration is computed once, outside.
 */
export function apply(
  operator: Operator,
  inputs: readonly Value[],
  attributes: Attributes = {},
  body?: Body,
  scope?: Scope,
): readonly Value[] {
  const outputs: Value[] = [];
  const node: Node = { operator, inputs, attributes, outputs, ...(body && { body }) };
  const home = scope ?? deepestScope(inputs);
  operator.types(inputs, attributes, body).forEach(({ dtype, shape }, output) => {
    outputs.push({ dtype, shape, source: { kind: "node", node, output }, scope: home });
  });
  return outputs;
}

/** A value that is fed at each run; inputs of one graph need different names. */
export function input<T extends DType>(name: string, dtype: T, shape: Shape): Value<T> {
  return { dtype, shape, source: { kind: "input", name }, scope: rootScope };
}

/** A small array that is part of the graph. */
export function constant<T extends DType>(array: Tensor<T>): Value<T> {
  return { dtype: array.dtype, shape: array.shape, source: { kind: "constant", tensor: array }, scope: rootScope };
}

/** A tensor that the runtime maps straight from the user's file: no copy, no conversion. It must be contiguous. */
export function stored(array: StoredTensor): Value {
  return { dtype: array.dtype, shape: array.shape, source: { kind: "stored", stored: array }, scope: rootScope };
}

/** A number as a constant [] of the dtype of `like`. */
export function scalar(number: number, like: DType = "float32"): Value {
  if (like === "float64") return constant(tensor("float64", [], Float64Array.of(number)));
  if (like === "int64") return constant(tensor("int64", [], BigInt64Array.of(BigInt(number))));
  if (like === "int32") return constant(tensor("int32", [], Int32Array.of(number)));
  return constant(tensor("float32", [], Float32Array.of(number)));
}

/** Integers as a constant int64 vector: the axes, shapes and bounds that many operators take as an input. */
export function integers(numbers: readonly number[]): Value<"int64"> {
  return constant(tensor("int64", [numbers.length], BigInt64Array.from(numbers, BigInt)));
}

/** The numbers behind a value made by `integers`. */
export function integersOf(value: Value): number[] {
  if (value.source.kind !== "constant")
    throw new ShapeError("integersOf: axes, shapes and bounds must be constants, as all shapes are static");
  return Array.from(value.source.tensor.data as BigInt64Array, Number);
}

/** How a value reads in an error message. */
export function describe(value: Value): string {
  const { source } = value;
  const what = source.kind === "node" ? source.node.operator.name : source.kind === "input" ? `input "${source.name}"` : source.kind;
  return `${what} ${value.dtype} [${value.shape}] (${sizeOf(value.shape)} elements)`;
}
