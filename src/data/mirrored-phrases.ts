import { mirrorWords } from "../augment/index.ts";
import type { RegionSet } from "./regions.ts";

/**
 * For each phrase, the one that names the same in a mirrored image: itself if it names no side or both, else that of the other side. A phrase is
 * left out where the table does not have the other side, or if only some of its wordings name a side: nothing is then known of it.
 *
 * @param phrases - all wordings by phrase; the other side may be listed under another wording first
 */
export function mirroredPhrases(phrases: RegionSet["phrases"]): ReadonlyMap<string, string> {
  const byWording = new Map([...phrases].flatMap(([phrase, wordings]) => wordings.map((wording) => [wording, phrase] as const)).reverse());
  const found = new Map<string, string>();
  for (const [phrase, wordings] of phrases) {
    const others = wordings.map((wording) => {
      const mirrored = mirrorWords(wording);
      return sameWords(mirrored, wording) ? phrase : byWording.get(mirrored);
    });
    const [other, ...more] = new Set(others.flatMap((one) => one ?? []));
    const isWhole = other !== phrase || !others.includes(undefined);
    if (other !== undefined && more.length === 0 && isWhole) found.set(phrase, other);
  }
  return found;
}

/** Whether two texts have the same words in any order: "left and right lungs" names both sides. */
function sameWords(one: string, other: string): boolean {
  const sorted = (text: string) => text.split(/\s+/).sort().join(" ");
  return sorted(one) === sorted(other);
}
