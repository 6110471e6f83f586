import { ShapeError } from "../errors.ts";
import { isFloat, sameShape, sizeOf } from "../tensor/tensor.ts";
import { checkedArray, checkedPair, checkedValues, shapeOf } from "./arguments.ts";
import { add } from "./operators/elementwise.ts";
import { expand } from "./operators/movement.ts";
import { nodesOf, readsOf } from "./order.ts";
import { describe, type Node, type Scope, scalar, type Value } from "./value.ts";

/**
 * Derivatives of a scalar by reverse-mode differentiation: starting at the loss, each node passes the gradient of its output
 * to its inputs by its operator's rule.
 *
 * @param loss - one element
 * @param wrt - values to differentiate with respect to
 * @returns for each of `wrt` a value of its shape and dtype; zeros where the loss does not depend on it
 * @throws ShapeError when the loss is not one floating-point number, or as `pullback`
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (sizeOf(shapeOf(loss, "gradients: the loss")) !== 1 || !isFloat(loss.dtype))
    throw new ShapeError(`gradients: the loss must be one floating-point number, got ${describe(loss)}`);
  return pullback([[loss, expand(scalar(1, loss.dtype), loss.shape)]], wrt);
}

/**
 * Propagates known gradients of some values to the values that they depend on (vector-Jacobian product).
 *
 * @param known - values, each with the gradient of the loss there, of its shape and dtype
 * @param wrt - values to differentiate with respect to
 * @returns for each of `wrt` a value of its shape and dtype; zeros where nothing depends on it
 * @throws ShapeError when a gradient has another shape or dtype than its value, or where it is not known how a value depends on one of
 *   `wrt`: through an operator without a gradient, an input that has none, a second output, a loop. Never zeros instead.
 */
export function pullback(known: readonly (readonly [value: Value, gradient: Value])[], wrt: readonly Value[]): Value[] {
  checkedValues(wrt, "pullback: wrt");
  const pairs = checkedArray(known, "pullback: known").map((pair, i) => checkedPair(pair, `pullback: known[${i}]`));
  const values = pairs.map(([value]) => value);
  const nodes = nodesOf(values);
  checkWrt(wrt, values, nodes);
  const dependent = dependentsOf(wrt, nodes);
  const total = new Map<Value, Value>();
  const accumulate = (value: Value, gradient: Value) => {
    const before = total.get(value);
    total.set(value, before ? add(before, gradient) : gradient);
  };
  for (const [value, gradient] of pairs) {
    if (!sameShape(value.shape, gradient.shape) || value.dtype !== gradient.dtype) {
      throw new ShapeError(`pullback: the gradient of ${describe(value)} must have its shape and dtype, got ${describe(gradient)}`);
    }
    accumulate(value, gradient);
  }
  for (const node of nodes.reverse()) {
    const [first, ...others] = node.outputs;
    if (!dependent.has(first!) || !node.outputs.some((output) => total.has(output))) continue;
    if (node.body) throw new ShapeError(loopMessage(node, dependent));
    const unexpected = others.find((output) => total.has(output));
    if (unexpected) throw new ShapeError(`gradients: ${describe(unexpected)}: only the first output of an operator has a gradient`);
    if (!node.operator.gradient) throw new ShapeError(`gradients: the operator ${node.operator.name} has no gradient rule`);
    const ofInputs = node.operator.gradient(total.get(first!)!, node.inputs, node, (i) => dependent.has(node.inputs[i]!));
    for (const [i, value] of node.inputs.entries()) {
      if (!dependent.has(value)) continue;
      const gradient = ofInputs[i];
      if (!gradient) throw new ShapeError(`gradients: ${node.operator.name} is not differentiable in its input ${i}, ${describe(value)}`);
      accumulate(value, gradient);
    }
  }
  return wrt.map((value) => total.get(value) ?? expand(scalar(0, value.dtype), value.shape));
}

/** The values that depend on any of `wrt`, each with one of those. Values that a loop's body reads from outside count as read by the loop. */
function dependentsOf(wrt: readonly Value[], nodes: readonly Node[]): ReadonlyMap<Value, Value> {
  const dependent = new Map(wrt.map((value) => [value, value]));
  for (const node of nodes) {
    const read = node.operator.stopsGradient ? undefined : readsOf(node).find((value) => dependent.has(value));
    if (read) for (const output of node.outputs) if (!dependent.has(output)) dependent.set(output, dependent.get(read)!);
  }
  return dependent;
}

/**
 * Rejects values whose gradient would silently be zero.
 *
 * @throws ShapeError for a value that is not a floating-point number, exists only inside a loop that is read from outside, or stands for
 *   the same input, array or tensor of a file as another value, the one that is read
 */
function checkWrt(wrt: readonly Value[], known: readonly Value[], nodes: readonly Node[]): void {
  const bodies = nodes.flatMap(({ body }) => (body ? [body.scope] : []));
  const sources = new Set([...known, ...nodes.flatMap(readsOf)].filter(({ source }) => source.kind !== "node"));
  for (const value of wrt) {
    if (!isFloat(value.dtype)) throw new ShapeError(`gradients: ${describe(value)} is not a floating-point value, so it has no gradient`);
    if (bodies.some((body) => encloses(body, value.scope))) {
      throw new ShapeError(`gradients: ${describe(value)} exists only inside a loop. Take gradients inside its body.`);
    }
    if (sources.has(value)) continue;
    if ([...sources].some((other) => haveOneOrigin(value, other))) {
      throw new ShapeError(
        `gradients: ${describe(value)} is not the value of that name that the loss reads. Create it once and use it in both places.`,
      );
    }
  }
}

/** Whether two values stand for one input of the graph, one array, or for a common part of a file. */
function haveOneOrigin({ source: a, scope }: Value, { source: b, scope: otherScope }: Value): boolean {
  // Arguments of loop bodies are inputs, too, and those of two bodies may have one name.
  if (a.kind === "input" && b.kind === "input") return scope === otherScope && a.name === b.name;
  if (a.kind === "constant" && b.kind === "constant") return a.tensor.data === b.tensor.data;
  if (a.kind !== "stored" || b.kind !== "stored") return false;
  const [one, other] = [a.stored, b.stored];
  if (one.file !== other.file || one.content !== other.content) return false;
  return one.offset < other.offset + other.byteLength && other.offset < one.offset + one.byteLength;
}

/** Whether the inner scope is the outer one or lies in it. */
function encloses(outer: Scope, inner: Scope): boolean {
  for (let scope: Scope | null = inner; scope; scope = scope.parent) if (scope === outer) return true;
  return false;
}

function loopMessage(node: Node, dependent: ReadonlyMap<Value, Value>): string {
  const read = readsOf(node).find((value) => dependent.has(value))!;
  const origin = dependent.get(read)!;
  const how = node.inputs.includes(read) ? "starts from" : "captures";
  const which = read === origin ? describe(read) : `${describe(read)}, which depends on ${describe(origin)}`;
  return `gradients: the operator Loop has no gradient rule, and its body ${how} ${which}. Take gradients inside the body, or repeat its steps without a loop.`;
}
