import { ShapeError } from "../errors.ts";
import { sameShape } from "../tensor/tensor.ts";
import { nodesOf } from "./order.ts";
import { apply, describe, type Value } from "./value.ts";

/**
 * The outputs as they would be if some values were others: a graph is cut at named intermediates without touching the
 * function that built it. Nodes that do not depend on the replaced values are shared, not copied.
 *
 * @param replacements - for each value the one to use instead, of the same shape and dtype
 * @throws ShapeError when a replacement has another shape or dtype, or lies behind a loop
 */
export function substitute(outputs: readonly Value[], replacements: ReadonlyMap<Value, Value>): Value[] {
  for (const [value, other] of replacements) {
    if (value.dtype !== other.dtype || !sameShape(value.shape, other.shape)) {
      throw new ShapeError(`substitute: cannot replace ${describe(value)} by ${describe(other)}`);
    }
  }
  const instead = new Map<Value, Value>(replacements);
  const resolve = (value: Value): Value => instead.get(value) ?? value;
  for (const node of nodesOf(outputs)) {
    if (node.outputs.some((output) => replacements.has(output)) || !node.inputs.some((value) => instead.has(value))) continue;
    if (node.body) throw new ShapeError("substitute: cannot replace what a loop reads");
    const fresh = apply(node.operator, node.inputs.map(resolve), node.attributes);
    for (const [i, output] of node.outputs.entries()) instead.set(output, fresh[i]!);
  }
  return outputs.map(resolve);
}
