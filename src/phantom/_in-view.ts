import type { Mask } from "../image/index.ts";
import type { Structure, StructureFacts } from "./phantom.ts";

/** A structure is mentioned only if it covers this fraction of the image: a sliver at the edge is not recognisable. */
const leastPart = 0.006;
/** The same for lesions, which are small by nature. */
const leastPartOfLesion = 0.0008;

/** Whether enough of a structure is visible to be mentioned. */
export function isInView(mask: Mask, isLesion: boolean): boolean {
  return areaOf(mask) >= (isLesion ? leastPartOfLesion : leastPart) * mask.width * mask.height;
}

/** Pixels of a mask. */
export function areaOf(mask: Mask): number {
  let area = 0;
  for (const value of mask.data) area += value;
  return area;
}

/** An empty mask to draw into. */
export function emptyMask(size: number): Mask {
  return { width: size, height: size, data: new Uint8Array(size * size) };
}

/** Those of the drawn structures that can be seen. `lesions`: names of what is small by nature. */
export function inView(
  drawn: Readonly<Record<string, Mask>>,
  facts: Readonly<Record<string, StructureFacts>>,
  lesions: readonly string[],
): Map<string, Structure> {
  const seen = Object.entries(drawn).filter(([name, mask]) => isInView(mask, lesions.includes(name)));
  return new Map(seen.map(([name, mask]) => [name, { mask, facts: facts[name] ?? {} }]));
}
