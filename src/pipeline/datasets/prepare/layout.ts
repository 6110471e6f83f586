import { type Split, splits } from "../data-set.ts";

/** Folders and tables of a split: the layout of the paper, which the other commands read. */
export const placesOf = (split: Split) => ({
  images: `${split}_images`,
  masks: `${split}_masks`,
  classes: `${split}_classes.csv`,
  captions: `${split}_captions.csv`,
});

/** For each file of the result what it was made from. */
export const manifest = "manifest.csv";

/** All that a run writes into its folder beside `run.json`. */
export const outputs: readonly string[] = [...splits.flatMap((split) => Object.values(placesOf(split))), manifest];

/** What the files of an image in the result are called by. */
interface Named {
  readonly name: string;
  readonly split: Split;
  readonly ending: string;
  /** Absent in data sets of captions. */
  readonly maskSources?: readonly number[] | undefined;
}

/** Files of an image in the result, relative to its folder; a mask only where the data set has masks. */
export function filesOfImage({ name, split, ending, maskSources }: Named): { readonly image: string; readonly mask: string | undefined } {
  const { images, masks } = placesOf(split);
  return { image: `${images}/${name}.${ending}`, mask: maskSources && `${masks}/${name}.png` };
}
