import { sizeOf } from "../tensor/tensor.ts";
import { nodesOf } from "./order.ts";
import type { Node, Value } from "./value.ts";

/** Multiplications and additions of the matrix products and convolutions behind some values: what a run must at least do. */
export function flopsOf(outputs: readonly Value[]): number {
  return flopsOfNodes(nodesOf(outputs), 0);
}

function flopsOfNodes(nodes: readonly Node[], depth: number): number {
  return nodes.filter(({ outputs }) => outputs[0]!.scope.depth === depth).reduce((sum, node) => sum + flopsOfNode(node, depth), 0);
}

function flopsOfNode({ operator, inputs, outputs, attributes, body }: Node, depth: number): number {
  const made = sizeOf(outputs[0]!.shape);
  switch (operator.name) {
    case "MatMul":
      return 2 * made * inputs[0]!.shape.at(-1)!;
    case "Gemm":
      return 2 * made * inputs[0]!.shape["int" in (attributes.transA ?? {}) && (attributes.transA as { int: number }).int === 1 ? 0 : 1]!;
    case "Conv":
      return 2 * made * sizeOf(inputs[1]!.shape.slice(1));
    case "ConvTranspose":
      return 2 * sizeOf(inputs[0]!.shape) * sizeOf(inputs[1]!.shape.slice(1));
    case "Loop": {
      const steps = inputs[0]!.source.kind === "constant" ? Number(inputs[0]!.source.tensor.data[0]) : 1;
      return steps * flopsOfNodes(nodesOf(body!.outputs), depth + 1);
    }
    default:
      return 0;
  }
}
