import type { Mask } from "../../../image/index.ts";
import { iou } from "../../../metrics/index.ts";

/** From this IoU on, two masks count as nearly the same. */
const similarIou = 0.9;

/** Masks of targets in an image that are nearly the same, though their text prompts differ. */
export interface SimilarMasks {
  readonly names: readonly string[];
  readonly warning: string;
}

/** Groups of named masks that are nearly the same as the first of their group. Empty masks are left out. */
export function similarMasks(masks: readonly { readonly name: string; readonly mask: Mask }[]): SimilarMasks[] {
  const rest = masks.filter(({ mask }) => mask.data.some((value) => value > 0));
  const groups: SimilarMasks[] = [];
  for (let first = rest.shift(); first; first = rest.shift()) {
    const { name, mask } = first;
    const alike = rest.filter((other) => iou(mask, other.mask) >= similarIou);
    if (alike.length === 0) continue;
    for (const one of alike) rest.splice(rest.indexOf(one), 1);
    const names = [name, ...alike.map((other) => other.name)];
    const quoted = names.map((one) => `"${one}"`);
    const warning = `the masks of ${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)} are nearly the same (IoU of ${similarIou} or more): the model may not tell these targets apart`;
    groups.push({ names, warning });
  }
  return groups;
}

/** The warnings about the targets of an image. */
export function similarMaskWarnings(
  found: readonly { readonly target: { readonly name?: string | undefined }; readonly mask: Mask }[],
): string[] {
  const named = found.flatMap(({ target: { name }, mask }) => (name === undefined ? [] : [{ name, mask }]));
  return similarMasks(named).map(({ warning }) => warning);
}
