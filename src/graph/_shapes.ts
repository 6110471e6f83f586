import { ShapeError } from "../errors.ts";
import type { Shape } from "../tensor/tensor.ts";

/** The common shape of two arrays by NumPy's rule: aligned at the last axis, a length of 1 stretches. */
export function broadcastShapes(a: Shape, b: Shape, what: string): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new ShapeError(`${what}: shapes [${a}] and [${b}] do not broadcast`);
    return m === 1 ? n : m;
  });
}
