import { join } from "node:path";

/** The files of `weak uncertainty` in its output folder, beside the label maps. */
export const filesOf = (out: string) => ({
  scores: (name: string) => join(out, "scores", `${name}.json`),
  entropy: (name: string) => join(out, "entropy", `${name}.npy`),
  entropyPicture: (name: string) => join(out, "entropy", `${name}.png`),
  mutual: (name: string) => join(out, "mutual-information", `${name}.npy`),
  table: join(out, "scores.csv"),
  calibration: join(out, "calibration.json"),
  evaluation: join(out, "evaluation.json"),
});
