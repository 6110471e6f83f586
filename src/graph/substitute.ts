import { described } from "../check/described.ts";
import { ShapeError } from "../errors.ts";
import { sameShape } from "../tensor/tensor.ts";
import { checkedPair, checkedValues } from "./arguments.ts";
import { nodesOf, readsOf } from "./order.ts";
import { apply, type Body, describe, type Node, type Scope, type Value } from "./value.ts";

/**
 * The outputs with some values replaced: a graph is cut at named intermediates without changing the
 * function that built it. Nodes that do not depend on the replaced values are shared, not copied; loops that read one, even in their
 * bodies, are rebuilt.
 *
 * @param replacements - for each value the one to use instead, of the same shape and dtype
 * @throws ShapeError when a replacement has another shape or dtype, or a value is replaced that exists only inside a loop or on which
 *   no output depends
 */
export function substitute(outputs: readonly Value[], replacements: ReadonlyMap<Value, Value>): Value[] {
  if (!(replacements instanceof Map)) throw new ShapeError(`substitute: replacements must be a Map, got ${described(replacements)}.`);
  checkedValues(outputs, "substitute: outputs");
  for (const pair of replacements) {
    const [value, other] = checkedPair(pair, "substitute: a replacement");
    if (value.dtype !== other.dtype || !sameShape(value.shape, other.shape)) {
      throw new ShapeError(`substitute: cannot replace ${describe(value)} by ${describe(other)}`);
    }
    if (value.scope.depth > 0) throw new ShapeError(`substitute: cannot replace ${describe(value)}, which exists only inside a loop`);
  }
  const nodes = nodesOf(outputs);
  const reached = new Set([...outputs, ...nodes.flatMap(({ outputs }) => outputs), ...nodes.flatMap(readsOf)]);
  for (const value of replacements.keys())
    if (!reached.has(value)) throw new ShapeError(`substitute: no output depends on ${describe(value)}`);
  const changed: Changed = { values: new Map(replacements), scopes: new Map() };
  rebuild(nodes, changed);
  return outputs.map((value) => changed.values.get(value) ?? value);
}

/** Replacements of some values, and of the scopes of loop bodies that are rebuilt. */
interface Changed {
  readonly values: Map<Value, Value>;
  readonly scopes: Map<Scope, Scope>;
}

/** Applies again the nodes that read a replaced value or lie in a rebuilt body, and records their new outputs. */
function rebuild(nodes: readonly Node[], changed: Changed): void {
  const { values, scopes } = changed;
  for (const node of nodes) {
    const { scope } = node.outputs[0]!;
    if (node.outputs.every((output) => values.has(output))) continue;
    if (!scopes.has(scope) && !readsOf(node).some((value) => values.has(value))) continue;
    const inputs = node.inputs.map((value) => values.get(value) ?? value);
    // A loop stays where it was written; other nodes follow what they read.
    const home = node.body && (scopes.get(scope) ?? scope);
    const fresh = apply(node.operator, inputs, node.attributes, node.body && rebuiltBody(node.body, home!, changed), home);
    for (const [i, output] of node.outputs.entries()) if (!values.has(output)) values.set(output, fresh[i]!);
  }
}

/** A copy of a loop's body with its own inputs and with values replaced. */
function rebuiltBody(body: Body, parent: Scope, { values, scopes }: Changed): Body {
  const scope: Scope = { depth: body.scope.depth, parent };
  const changed: Changed = { values: new Map(values), scopes: new Map(scopes).set(body.scope, scope) };
  for (const value of body.inputs) changed.values.set(value, { ...value, scope });
  rebuild(nodesOf(body.outputs), changed);
  const instead = (value: Value) => changed.values.get(value) ?? value;
  return { scope, inputs: body.inputs.map(instead), outputs: body.outputs.map(instead) };
}
