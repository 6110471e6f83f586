import type { Claim } from "../../check/config-entries.ts";
import { ConfigError, WeightsError } from "../../errors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Weights } from "../weights.ts";

/**
 * Reads a length from the first of several tensors that the file has; the last one's absence is the error. A size is read from whichever
 * tensor tells it, so that all problems of a damaged file can be listed, not just the first.
 */
export function lengthReader(weights: Weights) {
  return (...places: readonly (readonly [name: string, axis: number])[]): number => {
    const [name, axis] = places.find(([candidate]) => weights.has(candidate)) ?? places[0]!;
    const found = weights.shapeOf(name).at(axis);
    if (found === undefined)
      throw new WeightsError(`"${weights.file}": "${name}" is [${weights.shapeOf(name)}], which is not a valid shape for this tensor.`);
    return found;
  };
}

/** Blocks counted by the names that each of them has: one is enough. */
export function countBlocks(weights: Weights, names: (i: number) => readonly string[]): number {
  let count = 0;
  while (names(count).some((name) => weights.has(name))) count++;
  return count;
}

/** Heads of a tower: as the configuration says, else 64 wide. @throws ConfigError when they do not divide the width */
export function headsOf(file: string, tower: "image" | "text", width: number, given: number | undefined): number {
  const count = given ?? width / 64;
  if (Number.isInteger(count) && width % count === 0) return count;
  throw new ConfigError(
    `"${file}": the ${tower} tower is ${width} wide, which ${given ? `${given} heads do not divide` : "is not a multiple of 64, and no configuration names its heads"}. Give a configuration with head counts (--clip-config FILE).`,
  );
}

const isOfImage = ({ as }: Claim): boolean => as === "vision.imageSize";

/** The claims about tensors: all but those about the size of the images, for which positions can be interpolated. */
export function claimsAboutTensors(claims: readonly Claim[] = []): Claim[] {
  return claims.filter((claim) => !isOfImage(claim));
}

/**
 * The size of the images, and the grid of the table of positions where that was made for another size. A fine-tune that changed the size
 * says so in its files, while its table may have stayed.
 *
 * @param tokens - rows of the table, with one for the class token
 * @throws ConfigError when the files contradict each other or the patches
 */
export function imageSizes(
  file: string,
  tokens: number,
  patch: number,
  claims: readonly Claim[] = [],
): { readonly imageSize: number; readonly positionGrid?: number } {
  const positionGrid = Math.round(Math.sqrt(tokens - 1));
  const ofTable = positionGrid * patch;
  const told = claims.filter(isOfImage);
  const uneven = told.find(({ path, value }) => told.some((other) => other.path === path && other.value !== value));
  if (uneven) throw new ConfigError(`"${file}": "${uneven.path}" is not square, which images of this model are.`);
  const others = told.filter(({ value }) => Math.floor(value / patch) !== positionGrid);
  const [first, ...rest] = others;
  if (!first) return { imageSize: ofTable };
  const contradiction = rest.find(({ value }) => value !== first.value);
  if (contradiction) {
    throw new ConfigError(
      `"${file}": "${first.path}" is ${first.value}, but "${contradiction.path}" is ${contradiction.value}, and the table of positions is for ${ofTable} pixels. Keep the size that is right.`,
    );
  }
  if (first.value % patch !== 0 || first.value === 0) {
    throw new ConfigError(
      `the configuration is not that of "${file}": "${first.path}" is ${first.value}, which is no multiple of its patches of ${patch} pixels. Give the model's own (--clip-config FILE).`,
    );
  }
  return { imageSize: first.value, positionGrid };
}

/** Collects names and shapes of tensors, layer by layer. */
export class TensorList {
  readonly tensors = new Map<string, Shape>();

  set(name: string, shape: Shape): void {
    this.tensors.set(name, shape);
  }

  linear(name: string, out: number, inner: number, bias = true): void {
    this.set(`${name}.weight`, [out, inner]);
    if (bias) this.set(`${name}.bias`, [out]);
  }

  norm(name: string, width: number): void {
    this.set(`${name}.weight`, [width]);
    this.set(`${name}.bias`, [width]);
  }
}
