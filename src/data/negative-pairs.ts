import { mirrorWords } from "../augment/index.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { AugmentedPicture } from "./batches.ts";
import { mirroredPhrases } from "./mirrored-phrases.ts";
import { imageName, type Pair } from "./pairs.ts";
import { outlinesOf, showsOutline } from "./region-targets.ts";
import type { RegionSet } from "./regions.ts";

/**
 * Which pairs of a batch are negatives: [B, B], 1 where caption j says something else than what image i shows. It is 0 where caption j
 * holds for image i, too (a "false negative"):
 *
 *   - both pairs have the same image, or the same words in their cleaned captions,
 *   - or caption j names structures of the regions' table, and image i is known to show them all.
 *
 * The last rule does not weigh what else a caption says; it leaves out a few true negatives rather than keep false ones. On the diagonal stands 1.
 *
 * @param augmented - how the pictures of the pairs were augmented, if they were: captions and phrases of mirrored ones have their sides
 *   exchanged, and what lies outside the part that is seen is not shown
 */
export function negativePairs(pairs: readonly Pair[], regions?: RegionSet, augmented?: readonly AugmentedPicture[]): Tensor<"float32"> {
  const isMirrored = (i: number) => augmented?.[i]?.isMirrored ?? false;
  const [plainly, mirrored] = [pairs.map(({ caption }) => plain(caption)), pairs.map(({ caption }) => plain(mirrorWords(caption)))];
  const captions = pairs.map((_, i) => (isMirrored(i) ? mirrored : plainly)[i]!);
  const namesSides = (i: number) => plainly[i] !== mirrored[i];
  const phrases = [...(regions?.phrases ?? [])].map(([phrase, wordings]) => ({
    phrase,
    words: wordings.map((wording) => ` ${plain(wording).replace(/^(a|an|the) /u, "")} `),
  }));
  const names = (caption: string, words: readonly string[]) => words.some((some) => ` ${caption} `.includes(some));
  const named = captions.map((caption) => phrases.filter(({ words }) => names(caption, words)).map(({ phrase }) => phrase));
  const otherSides = mirroredPhrases(regions?.phrases ?? new Map());
  const shown = pairs.map(({ image }, i) => {
    const known = regions?.images.get(imageName(image)) ?? [];
    const outlines = outlinesOf(known);
    const picture = augmented?.[i];
    const seen = known.filter(({ outline }) => outline && (!picture || showsOutline(picture, outlines.indexOf(outline), outlines.length)));
    return new Set(seen.flatMap(({ phrase }) => (isMirrored(i) ? (otherSides.get(phrase) ?? []) : phrase)));
  });
  const images = pairs.map(({ image }) => imageName(image));
  const holds = (j: number, i: number): boolean =>
    (images[i] === images[j] && (isMirrored(i) === isMirrored(j) || !namesSides(j))) ||
    captions[i] === captions[j] ||
    (named[j]!.length > 0 && named[j]!.every((phrase) => shown[i]!.has(phrase)));
  const size = pairs.length;
  const at = (i: number, j: number) => (i !== j && holds(j, i) ? 0 : 1);
  return tensor(
    "float32",
    [size, size],
    Float32Array.from({ length: size * size }, (_, k) => at(Math.floor(k / size), k % size)),
  );
}

/** Words and numbers alone, in lower case, with single spaces. */
function plain(text: string): string {
  return (
    text
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{Nd}]+/gu)
      ?.join(" ") ?? ""
  );
}
