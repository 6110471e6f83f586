import { stat } from "node:fs/promises";
import { checkedPath } from "../../../check/paths.ts";
import { ConfigError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJson } from "../../../files/read-json.ts";
import type { Calibration } from "../../../presence/index.ts";
import type { WeightsRecord } from "../../../run/record/record.ts";
import type { PresenceSettings } from "../settings/presence.ts";
import { checkedCalibration, differenceFrom, type PresenceCalibration } from "./calibration.ts";

/** SHA-256 of the files of the models of a run: weights, configuration, vocabulary. */
export function hashesOf(weights: Readonly<Record<string, WeightsRecord>>): Record<string, string> {
  return Object.fromEntries(Object.entries(weights).flatMap(([name, { sha256 }]) => (name === "noise" ? [] : [[name, sha256]])));
}

/**
 * Makes sure that a calibration can be written to a file, before it is made.
 *
 * @throws ConfigError when the file holds something else, which would be lost
 */
export async function requireCalibrationFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return;
  const content = await readJson(file, ConfigError).catch(() => undefined);
  if (typeof content === "object" && content !== null && "calibration" in content && "made" in content) return;
  throw new ConfigError(`--out: "${file}" exists and is no calibration, and would be overwritten. Choose another name.`);
}

/** Writes the file of a calibration. */
export async function writeCalibration(file: string, content: PresenceCalibration): Promise<void> {
  await writeAtomic(file, `${JSON.stringify(checkedCalibration(content, `"${file}"`), null, 1)}\n`);
}

/**
 * Reads a file of `medclip-sam calibrate`, for the option `calibration` of `segment`. In a browser `JSON.parse` of its text does the same.
 *
 * @throws ConfigError when it cannot be read, or is no calibration
 */
export async function readCalibration(file: string): Promise<PresenceCalibration> {
  const path = checkedPath(file, "readCalibration", ConfigError);
  return checkedCalibration(await readJson(path, ConfigError), `"${path}"`);
}

/**
 * The calibration by which a run judges whether targets are present; undefined where it does not.
 *
 * @param settings - of the run
 * @param weights - of its models
 * @param prompts - the sentences of each target
 * @returns `warnings` where the calibration of a pack is not used, as the run has other settings
 * @throws ConfigError when a calibration is missing, damaged, or was made with other models or settings, and the user asked for it
 */
export async function calibrationOf(
  settings: PresenceSettings & Readonly<Record<string, unknown>>,
  weights: Readonly<Record<string, WeightsRecord>>,
  prompts: readonly (readonly string[])[],
): Promise<{ readonly calibration?: Calibration; readonly warnings: readonly string[] }> {
  const { abstain, calibration: file } = settings;
  if (abstain === false) return { warnings: [] };
  if (file === undefined) {
    if (abstain !== true) return { warnings: [] };
    throw new ConfigError(
      "--abstain needs a calibration. Make one of images that do not show the target, `medclip-sam calibrate --images DIR --prompt TEXT --out FILE`, and pass --calibration FILE.",
    );
  }
  const content = await readCalibration(file);
  const difference = differenceFrom(content, { settings, weights: hashesOf(weights), prompts });
  if (difference === undefined) return { calibration: content.calibration, warnings: [] };
  const message = `"${file}" was made with ${difference}`;
  if (abstain === true) throw new ConfigError(`${message}. Use the same, or calibrate again.`);
  return { warnings: [`${message}, so it is not used, and every target gets a mask`] };
}
