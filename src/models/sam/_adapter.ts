import {
  add,
  conv,
  convTranspose,
  matmul,
  mul,
  reduceMean,
  relu,
  reshape,
  sigmoid,
  swapLast,
  transpose,
  type Value,
} from "../../graph/index.ts";
import { norm } from "../../nn/index.ts";
import type { NamedWeights } from "../named-weights.ts";

const EPSILON = 1e-5;

/**
 * The adapter of a block of SAM-Med2D: a gate for each channel, then a detour through half the resolution.
 *
 *   adapter(n) = LN(n + relu(up(relu(down(g ⊙ n))))),   g = sigmoid(W₂ relu(W₁ mean(n)))
 *
 * `down` is a 3 x 3 convolution of stride 2, `up` a 4 x 4 transposed one; none has a bias.
 *
 * @param n - [B, g, g, D], the normalised tokens that the block's MLP takes, too; g even
 * @returns [B, g, g, D], to be added to the output of the MLP
 * @see Cheng et al. 2023, arXiv:2308.16184, section 3.2
 */
export function adapter(n: Value, weights: NamedWeights, name: string): Value {
  const [batch, , , width] = n.shape as [number, number, number, number];
  const mean = reshape(reduceMean(n, [1, 2]), [batch, width]);
  const squeezed = relu(matmul(mean, swapLast(weights.get(`${name}.channel.0.weight`))));
  const gate = sigmoid(matmul(squeezed, swapLast(weights.get(`${name}.channel.2.weight`)))); // [B, D]
  const gated = transpose(mul(n, reshape(gate, [batch, 1, 1, width])), [0, 3, 1, 2]); // [B, D, g, g]
  const down = relu(conv(gated, weights.get(`${name}.spatial.0.weight`), { stride: 2, padding: 1 })); // [B, D, g / 2, g / 2]
  const up = relu(convTranspose(down, weights.get(`${name}.spatial.2.weight`), { stride: 2, padding: 1 })); // [B, D, g, g]
  return norm(add(n, transpose(up, [0, 2, 3, 1])), weights.norm(`${name}.norm`), EPSILON);
}
