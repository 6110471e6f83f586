import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { type LabelRules, labelRulesOf } from "../labels.ts";
import { checkedDatasetJson, type DatasetJson } from "./dataset-json.ts";

/** A data set's dataset.json and what its labels mean. @throws InputError as `checkedDatasetJson`, and when it cannot be read */
export async function readDatasetJson(folder: string): Promise<{ readonly json: DatasetJson; readonly labels: LabelRules }> {
  const file = join(folder, "dataset.json");
  const json = checkedDatasetJson(await readJson(file, InputError), file);
  return { json, labels: labelRulesOf(json, file) };
}
