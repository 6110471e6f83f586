import { type LabelRules, type PreprocessedCase, trainingLocations } from "../../nnunet/index.ts";
import type { TrainingCase } from "./case.ts";

/**
 * A preprocessed case for training, with the locations that crops are centred on.
 *
 * @param options.seed - of the locations
 * @param options.weight - how much the case counts in the loss, at least 0; default 1
 */
export function trainingCaseOf(
  name: string,
  { channels, height, width, data, labels }: PreprocessedCase,
  rules: LabelRules,
  { seed, weight = 1 }: { readonly seed: number; readonly weight?: number },
): TrainingCase {
  return { name, channels, height, width, data, labels, weight, ...trainingLocations(labels, rules, { seed, name }) };
}
