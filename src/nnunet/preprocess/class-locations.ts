import { uniform } from "../../tensor/random.ts";
import type { LabelRules } from "../labels.ts";

/** Pixels of a class, from which training centres its foreground crops. */
export interface ClassLocations {
  /** The labels that make up the class: one, those of a region, or all but the ignore label. */
  readonly labels: readonly number[];
  /** Flat indices [H · W] of some of its pixels, in random order. */
  readonly pixels: Int32Array;
  /** Number of its pixels in the image. */
  readonly count: number;
}

/** Locations kept of a class: all up to so many, and at least one in a hundred. */
const kept = 10_000;
const share = 0.01;

/**
 * Draws locations of each class without replacement: max(min(10000, n), ceil(n / 100)) of its n pixels.
 *
 * @param labels - [H, W]
 * @param classes - the labels of each class
 * @param options.seed, options.name - the stream of random numbers; the name is that of the case
 */
export function classLocations(
  labels: Int16Array,
  classes: readonly (readonly number[])[],
  { seed, name }: { readonly seed: number; readonly name: string },
): ClassLocations[] {
  return classes.map((members) => {
    const all = pixelsOf(labels, members);
    const wanted = Math.max(Math.min(kept, all.length), Math.ceil(all.length * share));
    const draw = uniform(`${name}/class locations/${members.join(",")}`, seed);
    for (let i = 0; i < wanted; i++) {
      const other = i + Math.floor(draw.at(i) * (all.length - i));
      [all[i], all[other]] = [all[other]!, all[i]!];
    }
    return { labels: members, pixels: all.slice(0, wanted), count: all.length };
  });
}

/** Locations that training centres crops on. */
export interface TrainingLocations {
  /** Of each foreground class or region; empty where the image has none. */
  readonly classLocations: readonly Int32Array[];
  /** With an ignore label: of all pixels that have another label. */
  readonly annotated?: Int32Array;
}

/** The locations that training needs of a case. @param labels - [H, W] of the preprocessed case */
export function trainingLocations(
  labels: Int16Array,
  { foreground, regions, ignore, values }: LabelRules,
  stream: { readonly seed: number; readonly name: string },
): TrainingLocations {
  const classes = regions?.map((region) => region.values) ?? foreground.map((label) => [label]);
  const located = (members: (readonly number[])[]) => classLocations(labels, members, stream).map(({ pixels }) => pixels);
  return { classLocations: located(classes), ...(ignore !== undefined && { annotated: located([[-1, ...values]])[0]! }) };
}

function pixelsOf(labels: Int16Array, members: readonly number[]): Int32Array {
  const isMember = new Set(members);
  const only = members.length === 1 ? members[0]! : undefined;
  const found = new Int32Array(labels.length);
  let count = 0;
  if (only !== undefined) {
    for (let i = 0; i < labels.length; i++) if (labels[i] === only) found[count++] = i;
  } else {
    for (let i = 0; i < labels.length; i++) if (isMember.has(labels[i]!)) found[count++] = i;
  }
  return found.slice(0, count);
}
