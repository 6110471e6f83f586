import {
  add,
  concat,
  expand,
  gather,
  gradients,
  input,
  loop,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  sigmoid,
  softplus,
  sub,
  type Value,
} from "../graph/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { type AdamState, adamStep } from "../optim/adam.ts";

/** Start of every α: λ = 0.993, so almost everything passes at first. */
const initialAlpha = 5;
/** ε of the cosine, as in the released code. */
const cosineEpsilon = 1e-6;

/** Some steps that take the same number of noise samples. */
export interface Stage {
  readonly steps: number;
  readonly samples: number;
}

/** What the optimisation works on. */
export interface BottleneckProblem {
  /** Tokens T, the class token included, of width D, and width E of the shared space. */
  readonly tokens: number;
  readonly width: number;
  readonly embed: number;
  readonly beta: number;
  readonly lr: number;
  /** The image features [B, E] if the tokens behind the bottleneck were z [B, T, D]. */
  readonly featuresBehind: (z: Value) => Value;
}

/** The graph's outputs: the information [T] that the map shows and, of each step if asked for, what led there. */
export interface BottleneckGraph {
  /** Of the α after all updates, in nats, summed over the channels. */
  readonly information: Value;
  /** Of each step: [steps, 3] mean KL, mean cosine and loss; [steps, T, D] α after the update, its gradient, and KL before it. */
  readonly trace: Readonly<Record<"losses" | "alpha" | "gradient" | "kl", Value>>;
}

/**
 * The optimisation of α as one graph: each step a forward pass, a backward pass and an Adam update.
 *
 * Inputs: `hidden` [1, T, D], `text` [1, E], and for stage i `noise<i>` [steps, samples, T, D].
 *
 * @param stages - one after another; all share α and Adam's state
 */
export function bottleneckGraph(problem: BottleneckProblem, stages: readonly Stage[]): BottleneckGraph {
  const { tokens, width, embed, lr } = problem;
  const hidden = input("hidden", "float32", [1, tokens, width]);
  const text = input("text", "float32", [1, embed]);
  const constantGrid = (number: number) => expand(scalar(number), [1, tokens, width]);
  const total = stages.reduce((sum, { steps }) => sum + steps, 0);
  let state: AdamState = { parameter: constantGrid(initialAlpha), first: constantGrid(0), second: constantGrid(0) };
  let done = 0;
  const traces: (readonly Value[])[] = [];
  for (const [i, { steps, samples }] of stages.entries()) {
    const noise = input(`noise${i}`, "float32", [steps, samples, tokens, width]);
    const before = done;
    const { last, collected } = loop(steps, [state.parameter, state.first, state.second], (index, [alpha, first, second]) => {
      const { mean, rest, kl } = bottleneck(alpha!, hidden);
      const z = add(mean, mul(rest, gather(noise, index))); // [samples, T, D]
      const compression = reduceMean(kl); // []
      const agreement = reduceMean(cosineSimilarity(text, problem.featuresBehind(z), cosineEpsilon)); // []
      const loss = sub(mul(compression, problem.beta), agreement); // []
      const [gradient] = gradients(loss, [alpha!]) as [Value];
      const step = add(index, scalar(before, "int64"));
      const next = adamStep({ parameter: alpha!, first: first!, second: second! }, gradient, step, total, { lr });
      const losses = concat(
        [compression, agreement, loss].map((value) => reshape(value, [1])),
        0,
      ); // [3]
      const grids = [next.parameter, gradient, kl].map((value) => reshape(value, [tokens, width]));
      return { next: [next.parameter, next.first, next.second], collect: [losses, ...grids] };
    });
    const [parameter, first, second] = last as [Value, Value, Value];
    state = { parameter, first, second };
    traces.push(collected);
    done += steps;
  }
  const information = reshape(reduceSum(bottleneck(state.parameter, hidden).kl, [2]), [tokens]); // [T]
  const joined = (which: number) =>
    concat(
      traces.map((collected) => collected[which]!),
      0,
    );
  // Without a stage there is nothing to join; what nobody asks for is never written.
  const trace = done === 0 ? {} : { losses: joined(0), alpha: joined(1), gradient: joined(2), kl: joined(3) };
  return { information, trace: trace as BottleneckGraph["trace"] };
}

/** λ x, 1 - λ, and the KL divergence of λ x + (1 - λ) ε from N(0, 1), all [1, T, D]. */
function bottleneck(alpha: Value, hidden: Value): { mean: Value; rest: Value; kl: Value } {
  const mean = mul(sigmoid(alpha), hidden);
  const rest = sigmoid(neg(alpha)); // 1 - λ, exact also where λ rounds to 1
  const logVariance = mul(softplus(alpha), -2); // ln (1 - λ)², finite for every α
  return { mean, rest, kl: mul(sub(add(mul(mean, mean), mul(rest, rest)), add(logVariance, 1)), 0.5) };
}
