import { add, clip, log, max, mul, type Operand, reduceSum, reshape, sub, type Value } from "../graph/index.ts";
import { diagonal } from "./_diagonal.ts";

/** Added to a logit, its exponential is 0; a true -∞ would give NaN where it is subtracted from itself. */
const excluded = -1e30;

/** The negatives of one direction: each row's pair is contrasted with those of its row. */
export interface Negatives {
  /** 0 for negatives, and for all else what makes the exponential of a logit 0, [B, B]. */
  readonly mask: Value;
  /** ln of their number: a number, or one a row [B, 1], at least ln 1. */
  readonly logCount: Operand;
  /** 1 for rows that have any and 0 for others [B, 1]; absent where all have. */
  readonly isAny?: Value;
}

/** @param allowed - [B, B], 1 where a pair may be a negative; the true pairs on the diagonal never are */
export function negativesOf(logits: Value, allowed: Value | undefined): Negatives {
  const batch = logits.shape[0]!;
  if (!allowed) return { mask: diagonal(batch, excluded, 0, logits), logCount: Math.log(batch - 1) };
  const counted = mul(allowed, diagonal(batch, 0, 1, logits)); // [B, B]
  const count = reduceSum(counted, [1], { keepDims: true }); // [B, 1]
  return { mask: maskOf(counted), logCount: log(max(count, 1)), isAny: clip(count, 0, 1) };
}

/** The allowed negatives, or all, with the true pairs, [B, B]. @param paired - [B], which of the pairs are true; by default all */
export function withPairs(logits: Value, allowed: Value | undefined, paired?: Value): Value {
  const batch = logits.shape[0]!;
  const others = diagonal(batch, 0, 1, logits);
  const pairs = diagonal(batch, 1, 0, logits);
  return add(allowed ? mul(allowed, others) : others, paired ? mul(pairs, column(paired)) : pairs);
}

/** [B] as [B, 1]. */
export function column(values: Value): Value {
  return reshape(values, [values.shape[0]!, 1]);
}

/** What is added to logits so that only entries which are 1 count. */
export function maskOf(counted: Value): Value {
  return mul(sub(1, counted), excluded);
}
