import { ShapeError } from "../errors.ts";
import { sameShape, sizeOf } from "../tensor/tensor.ts";
import { add } from "./operators/elementwise.ts";
import { expand } from "./operators/movement.ts";
import { nodesOf } from "./order.ts";
import { describe, scalar, type Value } from "./value.ts";

/**
 * Derivatives of a scalar by reverse-mode differentiation: from the loss back, each node hands the gradient of its output on
 * to its inputs by its operator's rule.
 *
 * @param loss - one element
 * @param wrt - values to differentiate with respect to
 * @returns for each of `wrt` a value of its shape and dtype; zeros where the loss does not depend on it
 * @throws ShapeError when the loss is not one element, or an operator on the way has no gradient
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (sizeOf(loss.shape) !== 1) throw new ShapeError(`gradients: the loss must be one element, got ${describe(loss)}`);
  return pullback([[loss, expand(scalar(1, loss.dtype), loss.shape)]], wrt);
}

/**
 * Hands gradients that are already known at some values on to what they depend on: the chain rule's next link.
 *
 * @param known - values, each with the gradient of the loss there, of its shape and dtype
 * @param wrt - values to differentiate with respect to
 * @returns for each of `wrt` a value of its shape and dtype; zeros where nothing depends on it
 * @throws ShapeError when a gradient has another shape than its value, or an operator on the way has no gradient
 */
export function pullback(known: readonly (readonly [value: Value, gradient: Value])[], wrt: readonly Value[]): Value[] {
  const nodes = nodesOf(known.map(([value]) => value));
  const dependent = new Set<Value>(wrt);
  for (const node of nodes) {
    if (!node.operator.stopsGradient && node.inputs.some((value) => dependent.has(value)))
      for (const output of node.outputs) dependent.add(output);
  }
  const total = new Map<Value, Value>();
  const accumulate = (value: Value, gradient: Value) => {
    const before = total.get(value);
    total.set(value, before ? add(before, gradient) : gradient);
  };
  for (const [value, gradient] of known) {
    if (!sameShape(value.shape, gradient.shape)) {
      throw new ShapeError(`pullback: the gradient of ${describe(value)} must have its shape, got ${describe(gradient)}`);
    }
    accumulate(value, gradient);
  }
  for (const node of nodes.reverse()) {
    const [first, ...others] = node.outputs;
    const dy = total.get(first!);
    const unexpected = others.find((output) => total.has(output));
    if (unexpected) throw new ShapeError(`gradients: ${describe(unexpected)}: only the first output of an operator has a gradient`);
    if (!dy || node.operator.stopsGradient || !node.inputs.some((value) => dependent.has(value))) continue;
    if (!node.operator.gradient) throw new ShapeError(`gradients: the operator ${node.operator.name} has no gradient rule`);
    node.operator.gradient(dy, node.inputs, node).forEach((gradient, i) => {
      const value = node.inputs[i]!;
      if (!dependent.has(value)) return;
      if (!gradient) throw new ShapeError(`gradients: ${node.operator.name} is not differentiable in its input ${i}`);
      accumulate(value, gradient);
    });
  }
  return wrt.map((value) => total.get(value) ?? expand(scalar(0, value.dtype), value.shape));
}
