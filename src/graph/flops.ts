import { checkedValues } from "./arguments.ts";
import { nodesOf } from "./order.ts";
import type { Node, Value } from "./value.ts";

/** Multiplications and additions of the matrix products and convolutions that some values depend on: a lower bound on the work of a run. */
export function flopsOf(outputs: readonly Value[]): number {
  return flopsOfNodes(nodesOf(checkedValues(outputs, "flopsOf: outputs")), 0);
}

function flopsOfNodes(nodes: readonly Node[], depth: number): number {
  return nodes.filter(({ outputs }) => outputs[0]!.scope.depth === depth).reduce((sum, node) => sum + flopsOfNode(node, depth), 0);
}

function flopsOfNode(node: Node, depth: number): number {
  const { operator, inputs, body } = node;
  if (!body) return operator.flops?.(node) ?? 0;
  const steps = inputs[0]!.source.kind === "constant" ? Number(inputs[0]!.source.tensor.data[0]) : 1;
  return steps * flopsOfNodes(nodesOf(body.outputs), depth + 1);
}
