import { InputError, ShapeError } from "../errors.ts";
import type { ClassMaps, LabelMap } from "../image/class-maps.ts";
import type { Mask } from "../image/types.ts";
import { expectMaps, expectSameSize } from "./_checked.ts";

/** Which pixels are judged against their true labels. */
export interface JudgedPixels {
  /** Maps are judged where it is 1, for instance in the dilated foreground (`foregroundRegion`); default: everywhere. */
  readonly region?: Mask;
  /** The label of pixels that are not judged. */
  readonly ignore?: number;
}

/**
 * Indices of the pixels that are judged: those in the region, without those of the ignore label and of -1.
 *
 * @throws ShapeError for sizes that differ and for regions, whose labels depend on the order in which they are painted;
 *   InputError for labels without a class and maps that are not finite
 */
export function judgedPixels(where: string, maps: ClassMaps, truth: LabelMap, { region, ignore }: JudgedPixels): Uint32Array {
  if (!maps.areExclusive)
    throw new ShapeError(`${where}: regions may overlap, so labels do not say which are true. Pass exclusive classes.`);
  expectMaps(where, maps, maps);
  expectSameSize(where, "a ground truth", truth, maps);
  if (region) expectSameSize(where, "a region", region, maps);
  const indices = new Uint32Array(truth.data.length);
  let found = 0;
  for (let i = 0; i < truth.data.length; i++) {
    const label = truth.data[i]!;
    if (region?.data[i] === 0 || label === ignore || label === -1) continue;
    if (label < 0 || label >= maps.count)
      throw new InputError(`${where}: expected labels below ${maps.count}, the number of classes, got ${label}. Is it the ignore label?`);
    indices[found++] = i;
  }
  return indices.slice(0, found);
}
