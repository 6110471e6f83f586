import { ConfigError } from "../errors.ts";
import { fnv1a } from "./random.ts";
import { type RecipeFamily, type RecipeRule, recipeRules } from "./recipe-rules.ts";
import { type Shape, sizeOf } from "./tensor.ts";

export type { RecipeFamily } from "./recipe-rules.ts";

/**
 * Random weights that any language can reproduce: a value depends on the seed, the tensor's name and its index alone.
 *
 *   value(i) = center + amplitude · (2 u(i) - 1)      in float64, rounded to float32
 *
 * where u is the stream "<name>" of the seed (see random.ts), and center and amplitude are those of the family's first matching rule.
 *
 * @param start - flat index of the first value and
 * @param count - number of values wanted, so that a large tensor can be made in parts; by default all
 * @throws ConfigError when the family has no rule for the name
 */
export function recipeTensor(
  family: RecipeFamily,
  name: string,
  shape: Shape,
  seed: number,
  start = 0,
  count = sizeOf(shape) - start,
): Float32Array<ArrayBuffer> {
  const { center = 0, ...rule } = ruleFor(family, name);
  const amplitude = amplitudeOf(rule, shape);
  const values = new Float32Array(count);
  // The stream of random.ts, written out for speed: models have hundreds of millions of values.
  let counter = (fnv1a(`${seed}:${name}`) + Math.imul(start, 0x9e3779b9)) | 0;
  for (let i = 0; i < count; i++) {
    let h = Math.imul(counter ^ (counter >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    h ^= h >>> 16;
    // h ^ 2³¹ as a signed integer is h - 2³¹, so this is 2 h / 2³² - 1, exactly.
    values[i] = center + amplitude * ((h ^ 0x80000000) / 2 ** 31);
    counter = (counter + 0x9e3779b9) | 0;
  }
  return values;
}

/** Values a piece: 4 MiB. */
const PIECE_LENGTH = 2 ** 20;

/** The values of `recipeTensor` in pieces that follow one another, to write models larger than memory. */
export function* recipePieces(family: RecipeFamily, name: string, shape: Shape, seed: number): Generator<Float32Array<ArrayBuffer>> {
  const size = sizeOf(shape);
  for (let start = 0; start < size; start += PIECE_LENGTH) {
    yield recipeTensor(family, name, shape, seed, start, Math.min(PIECE_LENGTH, size - start));
  }
}

function ruleFor(family: RecipeFamily, name: string): RecipeRule {
  const rules: readonly RecipeRule[] = recipeRules[family];
  const rule = rules.find((candidate) => candidate.name.test(name));
  if (rule === undefined) throw new ConfigError(`recipeTensor: no rule of the family "${family}" matches the tensor name "${name}"`);
  return rule;
}

function amplitudeOf({ amplitude, gain = 1 }: RecipeRule, shape: Shape): number {
  return amplitude === "fan" ? gain * Math.sqrt(3 / sizeOf(shape.slice(1))) : amplitude;
}
