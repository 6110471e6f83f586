import type { Image } from "./types.ts";

/** A warning for an image of a single colour, such as a black frame: models give a confident result for it as well. */
export function blankWarnings({ data }: Image): string[] {
  for (let i = 3; i < data.length; i++) if (data[i] !== data[i - 3]) return [];
  return [`all pixels of the image have one value (${[...data.subarray(0, 3)].join(", ")}): it shows nothing, so its mask means nothing`];
}
