import type { Mask } from "../../image/types.ts";

/**
 * Lengths of the runs of a mask, column by column from the top left, beginning with a run of background (which may be 0 long).
 */
export function runLengths({ width, height, data }: Mask): number[] {
  const runs: number[] = [];
  let [value, length] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width) {
      const own = data[at] === 0 ? 0 : 1;
      if (own !== value) {
        runs.push(length);
        [value, length] = [own, 0];
      }
      length++;
    }
  }
  runs.push(length);
  return runs;
}

/**
 * The compressed form of COCO: each run, from the fourth on less the one two before it, in groups of 5 bits from the lowest; bit 6 says that more
 * follow. 48 is added to each group, so that it is a letter.
 *
 * @see pycocotools, common/maskApi.c, rleToString
 */
export function compressedRle(mask: Mask): string {
  const runs = runLengths(mask);
  let text = "";
  for (const [i, run] of runs.entries()) {
    let value = i > 2 ? run - runs[i - 2]! : run;
    for (let more = true; more; ) {
      let group = value & 0x1f;
      value >>= 5;
      more = (group & 0x10) === 0 ? value !== 0 : value !== -1;
      if (more) group |= 0x20;
      text += String.fromCharCode(group + 48);
    }
  }
  return text;
}
