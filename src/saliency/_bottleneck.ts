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
  pullback,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  sigmoid,
  slice,
  softplus,
  sub,
  type Value,
} from "../graph/index.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { type AdamState, adamStep } from "../optim/index.ts";

/** Start of every α: λ = 0.993, so almost everything passes at first. */
const initialAlpha = 5;
/** ε of the cosine, as in the released code. */
const cosineEpsilon = 1e-6;

/** Some steps that take the same number of noise samples. */
export interface Stage {
  readonly steps: number;
  readonly samples: number;
  /** Whether they are some of more samples, whose mean is known. */
  readonly isPart: boolean;
}

/** The shape of a stage's noise: its samples, and behind them the mean of all samples that they are a part of. */
export function noiseShapeOf({ steps, samples, isPart }: Stage, tokens: number, width: number): [number, number, number, number] {
  return [steps, isPart ? samples + 1 : samples, tokens, width];
}

/**
 * How much of the class token passes the bottleneck. After the first block it has attended to the whole image, so it can carry the
 * information of the patches and weaken the map. `free`: it has its own α, as in the released code. `noise`: λ = 0, it is pure noise.
 */
export const classTokens = ["free", "noise"] as const;
export type ClassToken = (typeof classTokens)[number];

/** What the optimisation works on. */
export interface BottleneckProblem {
  /** Tokens T, the class token included, of width D, and width E of the shared space. */
  readonly tokens: number;
  readonly width: number;
  readonly embed: number;
  readonly beta: number;
  readonly lr: number;
  readonly classToken: ClassToken;
  /** Noise samples whose forward and backward pass is one batch. */
  readonly samplesAtOnce: number;
  /** The image features [B, E] if the tokens behind the bottleneck were z [B, T, D]. */
  readonly featuresBehind: (z: Value) => Value;
}

/** The graph's outputs, over the N tokens that have an α (all T, or the patches): what the map shows and, if asked for, what led there. */
export interface BottleneckGraph {
  /** [N], of the α after all updates, in nats, summed over the channels. */
  readonly information: Value;
  /** Of each step: [steps, 3] mean KL, mean cosine and loss; [steps, N, D] α after the update, its gradient, and KL before it. */
  readonly trace: Readonly<Record<"losses" | "alpha" | "gradient" | "kl", Value>>;
}

/**
 * The optimisation of α as one graph: each step a forward pass, a backward pass and an Adam update.
 *
 * Inputs: `hidden` [1, T, D], `text` [1, E], and for stage i `noise<i>`, of the shape that `noiseShapeOf` gives.
 *
 * @param stages - one after another; all share α and Adam's state
 */
export function bottleneckGraph(problem: BottleneckProblem, stages: readonly Stage[]): BottleneckGraph {
  const { tokens, width, embed, lr, classToken } = problem;
  const hidden = input("hidden", "float32", [1, tokens, width]);
  const text = input("text", "float32", [1, embed]);
  const learned = classToken === "noise" ? slice(hidden, 1, 1, tokens) : hidden; // [1, N, D]
  const count = learned.shape[1]!;
  const constantGrid = (number: number) => expand(scalar(number), learned.shape);
  const total = stages.reduce((sum, { steps }) => sum + steps, 0);
  let state: AdamState = { parameter: constantGrid(initialAlpha), first: constantGrid(0), second: constantGrid(0) };
  let done = 0;
  const traces: (readonly Value[])[] = [];
  for (const [i, { steps, samples, isPart }] of stages.entries()) {
    const noise = input(`noise${i}`, "float32", noiseShapeOf(stages[i]!, tokens, width));
    const before = done;
    const { last, collected } = loop(steps, [state.parameter, state.first, state.second], (index, [alpha, first, second]) => {
      const parts = bottleneck(alpha!, learned);
      const { mean, rest } = classToken === "noise" ? behindNoise(parts) : parts; // [1, T, D]
      const { kl } = parts;
      const compression = reduceMean(kl); // []
      const drawn = gather(noise, index);
      const some = isPart ? slice(drawn, 0, 0, samples) : drawn; // [samples, T, D]
      const ofSome = agreementWith(text, { mean, rest, noise: some }, problem);
      const agreement = isPart ? withMeanNoise(ofSome, some, slice(drawn, 0, samples, samples + 1)) : ofSome;
      const loss = sub(mul(compression, problem.beta), agreement.value); // []
      // The loss at α: of the compression directly, of the agreement by its gradients at the bottleneck's two parts.
      const [ofCompression] = gradients(mul(compression, problem.beta), [alpha!]) as [Value];
      const [ofAgreement] = pullback(
        [
          [mean, agreement.atMean],
          [rest, agreement.atRest],
        ],
        [alpha!],
      ) as [Value];
      const gradient = sub(ofCompression, ofAgreement);
      const step = add(index, scalar(before, "int64"));
      const next = adamStep({ parameter: alpha!, first: first!, second: second! }, gradient, step, total, { lr });
      const losses = concat(
        [compression, agreement.value, loss].map((value) => reshape(value, [1])),
        0,
      ); // [3]
      const grids = [next.parameter, gradient, kl].map((value) => reshape(value, [count, width]));
      return { next: [next.parameter, next.first, next.second], collect: [losses, ...grids] };
    });
    const [parameter, first, second] = last as [Value, Value, Value];
    state = { parameter, first, second };
    traces.push(collected);
    done += steps;
  }
  const information = reshape(reduceSum(bottleneck(state.parameter, learned).kl, [2]), [count]); // [N]
  const joined = (which: number) =>
    concat(
      traces.map((collected) => collected[which]!),
      0,
    );
  // Without a stage there is nothing to concatenate; unused nodes are never written.
  const trace = done === 0 ? {} : { losses: joined(0), alpha: joined(1), gradient: joined(2), kl: joined(3) };
  return { information, trace: trace as BottleneckGraph["trace"] };
}

/** Mean cosine of text and image behind the bottleneck [], and its gradients at λ x and 1 - λ [1, T, D]. */
interface Agreement {
  readonly value: Value;
  readonly atMean: Value;
  readonly atRest: Value;
}

/**
 * The agreement and its gradients, a few noise samples after another: what is differentiated at once must be in memory at once,
 * and little of it stays in the processor's caches.
 *
 * @param at - λ x and 1 - λ [1, T, D], noise [samples, T, D]
 */
function agreementWith(
  text: Value,
  { mean, rest, noise }: { readonly mean: Value; readonly rest: Value; readonly noise: Value },
  { samplesAtOnce, featuresBehind }: BottleneckProblem,
): Agreement {
  const [samples, tokens, width] = noise.shape as [number, number, number];
  /** Sums over some samples [m, T, D]. */
  const sums = (some: Value): Value[] => {
    const cosines = cosineSimilarity(text, featuresBehind(add(mean, mul(rest, some))), cosineEpsilon); // [m]
    const sum = reduceSum(cosines);
    return [sum, ...gradients(sum, [mean, rest])];
  };
  const whole = Math.floor(samples / samplesAtOnce);
  const parts: (readonly Value[])[] = [];
  if (whole === 1) parts.push(sums(slice(noise, 0, 0, samplesAtOnce)));
  if (whole > 1) {
    const batches = reshape(slice(noise, 0, 0, whole * samplesAtOnce), [whole, samplesAtOnce, tokens, width]);
    const zeros = [scalar(0), expand(scalar(0), mean.shape), expand(scalar(0), mean.shape)];
    const { last } = loop(whole, zeros, (index, before) => ({
      next: sums(gather(batches, index)).map((sum, i) => add(before[i]!, sum)),
    }));
    parts.push(last);
  }
  if (whole * samplesAtOnce < samples) parts.push(sums(slice(noise, 0, whole * samplesAtOnce, samples)));
  const average = (which: number) =>
    mul(
      parts.map((part) => part[which]!).reduce((sum, part) => add(sum, part)),
      1 / samples,
    );
  return { value: average(0), atMean: average(1), atRest: average(2) };
}

/**
 * The agreement of some noise samples as if they had the mean noise of all: the gradient at 1 - λ is the mean of g ε over the samples, where g is
 * the gradient at z. As g differs little between samples, most of it is mean g · mean ε, and the mean of ε over all samples is known
 * without running the model (a control variate).
 *
 * @param some - [samples, T, D]
 * @param mean - of all samples, [1, T, D]
 */
function withMeanNoise(agreement: Agreement, some: Value, mean: Value): Agreement {
  const missing = sub(mean, reduceMean(some, [0], { keepDims: true })); // [1, T, D]
  return { ...agreement, atRest: add(agreement.atRest, mul(agreement.atMean, missing)) };
}

/** The patches' λ x and 1 - λ [1, T - 1, D] behind those of a class token that is held at noise, λ = 0: [1, T, D]. */
function behindNoise({ mean, rest }: { readonly mean: Value; readonly rest: Value }): { mean: Value; rest: Value } {
  const first = (number: number) => expand(scalar(number), [1, 1, mean.shape[2]!]);
  return { mean: concat([first(0), mean], 1), rest: concat([first(1), rest], 1) };
}

/** λ x, 1 - λ, and the KL divergence of λ x + (1 - λ) ε from N(0, 1), all of the shape of x. */
function bottleneck(alpha: Value, hidden: Value): { mean: Value; rest: Value; kl: Value } {
  const mean = mul(sigmoid(alpha), hidden);
  const rest = sigmoid(neg(alpha)); // 1 - λ, exact also where λ rounds to 1
  const logVariance = mul(softplus(alpha), -2); // ln (1 - λ)², finite for every α
  return { mean, rest, kl: mul(sub(add(mul(mean, mean), mul(rest, rest)), add(logVariance, 1)), 0.5) };
}
