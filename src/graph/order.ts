import type { Node, Value } from "./value.ts";

/**
 * The nodes that some values depend on, each after those it reads. Nodes inside a loop's body are not listed, but what the
 * body reads from outside is.
 *
 * @param reads - what counts as read by a node
 */
export function nodesOf(outputs: readonly Value[], reads: (node: Node) => readonly Value[] = readsOf): Node[] {
  const ordered: Node[] = [];
  const seen = new Set<Node>();
  // An explicit stack: deep models would overflow the call stack.
  const stack: { node: Node; ready: boolean }[] = [];
  const push = (value: Value) => {
    if (value.source.kind === "node" && !seen.has(value.source.node)) stack.push({ node: value.source.node, ready: false });
  };
  for (const output of outputs) {
    push(output);
    while (stack.length > 0) {
      const top = stack.pop()!;
      if (top.ready) {
        ordered.push(top.node);
        continue;
      }
      if (seen.has(top.node)) continue;
      seen.add(top.node);
      stack.push({ node: top.node, ready: true });
      const read = reads(top.node);
      for (let i = read.length - 1; i >= 0; i--) push(read[i]!);
    }
  }
  return ordered;
}

/** What a node reads: its inputs, and what its loop body captures from outside. */
export function readsOf(node: Node): readonly Value[] {
  return node.body ? [...node.inputs, ...capturesOf(node)] : node.inputs;
}

/** The values of outer scopes that a loop's body reads, at any depth. */
function capturesOf({ body }: Node): Value[] {
  const captured: Value[] = [];
  const seen = new Set<Value>();
  const stack = body!.outputs.toReversed();
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.scope.depth < body!.scope.depth) captured.push(value);
    else if (value.source.kind === "node") for (const read of readsOf(value.source.node).toReversed()) stack.push(read);
  }
  return captured;
}
