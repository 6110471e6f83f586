import type { GrayImage } from "./types.ts";

/** How many pixels have each of the 256 levels. */
export function histogram(map: GrayImage): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(256);
  for (let i = 0; i < map.data.length; i++) counts[map.data[i]!]! += 1;
  return counts;
}
