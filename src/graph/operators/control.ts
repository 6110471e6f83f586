/** Repetition inside a graph. */
import { described } from "../../check/described.ts";
import { wholeNumbers } from "../../check/numbers.ts";
import { checkedObject } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { type DType, type Shape, sameShape, tensor } from "../../tensor/tensor.ts";
import { checkedValues } from "../arguments.ts";
import { apply, type Body, constant, deepestScope, describe, type Operator, rootScope, type Scope, scalar, type Value } from "../value.ts";

const Loop: Operator = {
  name: "Loop",
  types: ([count, , ...initial], _, body) => {
    const next = body!.outputs.slice(1, 1 + initial.length);
    next.forEach((value, i) => {
      const start = initial[i]!;
      if (value.dtype !== start.dtype || !sameShape(value.shape, start.shape)) {
        throw new ShapeError(`loop: value ${i} begins as ${describe(start)} and goes on as ${describe(value)}`);
      }
    });
    const steps = count!.source.kind === "constant" ? Number(count!.source.tensor.data[0]) : Number.NaN;
    const scanned = body!.outputs.slice(1 + initial.length).map(({ dtype, shape }) => ({ dtype, shape: [steps, ...shape] }));
    return [...next.map(({ dtype, shape }) => ({ dtype, shape })), ...scanned];
  },
};

export const control = { Loop };

/** What one iteration makes: the values handed to the next one, and those collected over all iterations. */
export interface Iteration {
  readonly next: readonly Value[];
  readonly collect?: readonly Value[];
}

/** The loop whose body is being described; bodies may be nested. */
let current: Scope = rootScope;

/**
 * Repeats a computation a fixed number of times in one run of the graph.
 *
 * @param steps - number of iterations
 * @param initial - values that the first iteration starts from
 * @param body - given the iteration's index (int64 []) and the values so far, describes one iteration. It may read any value
 *   outside; what does not depend on its arguments is computed once, outside the loop.
 * @returns `last`, the values after the last iteration, and `collected`, one [steps, ...] array for each collected value
 * @throws ShapeError when a value changes its shape or dtype from one iteration to the next, or the body returns more or fewer
 */
export function loop(
  steps: number,
  initial: readonly Value[],
  body: (index: Value, values: Value[]) => Iteration,
): { last: readonly Value[]; collected: readonly Value[] } {
  wholeNumbers([steps], "loop: steps", 1);
  if (typeof body !== "function") throw new ShapeError(`loop: the body must be a function, got ${described(body)}.`);
  const scope: Scope = { depth: current.depth + 1, parent: current };
  const formal = (name: string, dtype: DType, shape: Shape): Value => ({ dtype, shape, source: { kind: "input", name }, scope });
  const index = formal("iteration", "int64", []);
  const condition = formal("condition", "bool", []);
  const values = checkedValues(initial, "loop: initial").map(({ dtype, shape }, i) => formal(`value${i}`, dtype, shape));
  const outside = current;
  current = scope;
  let iteration: Iteration;
  try {
    iteration = body(index, values);
  } finally {
    current = outside;
  }
  const { next, collect = [] } = checkedObject(iteration, "loop", "what the body returns");
  checkedValues(collect, "loop: collect");
  if (checkedValues(next, "loop: next").length !== initial.length)
    throw new ShapeError(`loop: the body was given ${initial.length} values and must return as many in next, got ${next.length}.`);
  const inner: Body = { scope, inputs: [index, condition, ...values], outputs: [condition, ...next, ...collect] };
  const proceed = constant(tensor("bool", [], Uint8Array.of(1)));
  const home = deepestScope(initial).depth > outside.depth ? deepestScope(initial) : outside;
  const outputs = apply(Loop, [scalar(steps, "int64"), proceed, ...initial], {}, inner, home);
  return { last: outputs.slice(0, initial.length), collected: outputs.slice(initial.length) };
}
