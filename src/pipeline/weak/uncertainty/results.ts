import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { type RunHeader, readRuns } from "../../../run/record/record.ts";
import type { ReviewItem } from "../../../uncertainty/index.ts";
import { type Calibration, readCalibration } from "./calibration.ts";
import { readEvaluation, type UncertaintyEvaluation } from "./evaluation.ts";
import { inReviewOrder, readScores, type ScoredCase } from "./scores.ts";

/** As runs and their records name it. */
export const command = "weak uncertainty";

/** The files of `weak uncertainty` in its output folder, beside the label maps. */
export const filesOf = (out: string) => ({
  scores: (name: string) => join(out, "scores", `${name}.json`),
  entropy: (name: string) => join(out, "entropy", `${name}.npy`),
  entropyPicture: (name: string) => join(out, "entropy", `${name}.png`),
  mutual: (name: string) => join(out, "mutual-information", `${name}.npy`),
  probabilities: (name: string) => join(out, `${name}.npz`),
  calibrated: (name: string) => join(out, "calibrated", `${name}.npz`),
  table: join(out, "scores.csv"),
  calibration: join(out, "calibration.json"),
  evaluation: join(out, "evaluation.json"),
});

/** All that a folder of `weak uncertainty` says, for a report. */
export interface UncertaintyResults {
  readonly header: RunHeader;
  readonly calibration: Calibration;
  readonly evaluation: UncertaintyEvaluation | undefined;
  /** In the order in which a person should look at them. */
  readonly review: readonly ReviewItem<ScoredCase & { readonly file: string }>[];
}

/** Reads the results of a folder. @throws InputError when it holds none, or a file is damaged */
export async function readUncertainty(out: string): Promise<UncertaintyResults> {
  const { headers, images } = await readRuns(out);
  const header = headers.find((one) => one.command === command);
  if (!header) throw new InputError(`"${out}" holds no results of \`${command}\`: there is no run.json of it.`);
  const files = filesOf(out);
  const made = [...images.values()].filter((one) => one.made[command] !== undefined && existsSync(files.scores(one.name)));
  const cases = await Promise.all(made.map(async ({ name, file = name }) => ({ ...(await readScores(files.scores(name))), file })));
  const byName = cases.sort((a, b) => (a.name < b.name ? -1 : 1)); // whatever the order in which runs were interrupted
  return {
    header,
    calibration: await readCalibration(files.calibration),
    evaluation: await readEvaluation(files.evaluation),
    review: inReviewOrder(byName),
  };
}
