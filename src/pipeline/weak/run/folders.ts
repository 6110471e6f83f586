import { join } from "node:path";

/** Folders of a run, each with a record of its own. */
export function foldersOf(out: string) {
  const at = (name: string) => join(out, name);
  return {
    pseudoLabels: at("pseudo-labels"),
    training: at("training"),
    /** The segmented images as the network reads them. */
    images: at("images"),
    /** Their true masks as label maps, where they are given. */
    trueLabels: at("true-labels"),
    ensemble: at("ensemble"),
    zeroShot: at("zero-shot"),
    single: at("single"),
    supervised: at("supervised"),
  } as const;
}
