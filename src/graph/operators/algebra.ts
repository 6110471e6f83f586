/** Matrix products. */
import { checkedNames } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { broadcastShapes } from "../_shapes.ts";
import { flagOf } from "../arguments.ts";
import { apply, describe, type Operator, type Value } from "../value.ts";
import { floats, numbers } from "./_dtypes.ts";
import { reduceSum, sumTo, swapLast } from "./movement.ts";

const MatMul: Operator = {
  name: "MatMul",
  dtypes: numbers,
  types: ([a, b]) => {
    const [m, k] = a!.shape.slice(-2);
    const [l, n] = b!.shape.slice(-2);
    if (a!.shape.length < 2 || b!.shape.length < 2 || k !== l) {
      throw new ShapeError(`matmul: cannot multiply ${describe(a!)} by ${describe(b!)}`);
    }
    return [{ dtype: a!.dtype, shape: [...broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2), "matmul"), m!, n!] }];
  },
  flops: ({ inputs: [a], outputs: [y] }) => 2 * sizeOf(y!.shape) * a!.shape.at(-1)!,
  gradient: (dy, [a, b]) => [sumTo(matmul(dy, swapLast(b!)), a!.shape), sumTo(matmul(swapLast(a!), dy), b!.shape)],
  samples: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
      apply: (a, b) => matmul(a!, b!),
    },
    {
      shapes: [
        [2, 2, 3],
        [3, 2],
      ],
      apply: (a, b) => matmul(a!, b!),
    },
    {
      shapes: [
        [1, 2, 3],
        [4, 3, 2],
      ],
      apply: (a, b) => matmul(a!, b!),
    },
  ],
};

/** y = op(a) · op(b) + c, where op transposes on request: the layout of torch's linear weights needs no copy. */
const Gemm: Operator = {
  name: "Gemm",
  dtypes: floats,
  types: ([a, b, c], { transA, transB }) => {
    const [m, k] = flag(transA) ? [a!.shape[1], a!.shape[0]] : a!.shape;
    const [l, n] = flag(transB) ? [b!.shape[1], b!.shape[0]] : b!.shape;
    if (a!.shape.length !== 2 || b!.shape.length !== 2 || k !== l)
      throw new ShapeError(`gemm: cannot multiply ${describe(a!)} by ${describe(b!)}`);
    if (c && (c.shape.length !== 1 || c.shape[0] !== n)) throw new ShapeError(`gemm: the bias must be [${n}], got ${describe(c)}`);
    return [{ dtype: a!.dtype, shape: [m!, n!] }];
  },
  flops: ({ inputs: [a], outputs: [y], attributes }) => 2 * sizeOf(y!.shape) * a!.shape[flag(attributes.transA) ? 0 : 1]!,
  gradient: (dy, [a, b, c], { attributes }) => {
    const [ta, tb] = [flag(attributes.transA), flag(attributes.transB)];
    const da = ta ? gemm(b!, dy, { transA: tb, transB: true }) : gemm(dy, b!, { transB: !tb });
    const db = tb ? gemm(dy, a!, { transA: true, transB: ta }) : gemm(a!, dy, { transA: !ta });
    return c ? [da, db, reduceSum(dy, [0])] : [da, db];
  },
  samples: [
    { shapes: [[2, 3], [3, 4], [4]], apply: (a, b, c) => gemm(a!, b!, { bias: c! }) },
    { shapes: [[2, 3], [4, 3], [4]], apply: (a, b, c) => gemm(a!, b!, { bias: c!, transB: true }) },
    {
      shapes: [
        [3, 2],
        [3, 4],
      ],
      apply: (a, b) => gemm(a!, b!, { transA: true }),
    },
    {
      shapes: [
        [3, 2],
        [4, 3],
      ],
      apply: (a, b) => gemm(a!, b!, { transA: true, transB: true }),
    },
  ],
};

export const algebra = { MatMul, Gemm };

function flag(attribute: unknown): boolean {
  return (attribute as { int: number } | undefined)?.int === 1;
}

/** Matrix product over the last two axes; the others broadcast. */
export function matmul(a: Value, b: Value): Value {
  return apply(MatMul, [a, b])[0]!;
}

/** op(a) · op(b) + bias of matrices [M, K] and [K, N], each transposed on request; bias is [N]. */
export function gemm(a: Value, b: Value, options: { bias?: Value; transA?: boolean; transB?: boolean } = {}): Value {
  const { bias, transA = false, transB = false } = checkedNames(options, ["bias", "transA", "transB"], "gemm");
  const attributes = { transA: flagOf(transA, "gemm: transA"), transB: flagOf(transB, "gemm: transB") };
  return apply(Gemm, bias === undefined ? [a, b] : [a, b, bias], attributes)[0]!;
}
