import { z } from "zod";
import { ConfigError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJson } from "../../../files/read-json.ts";
import { kebab } from "../../../kebab.ts";
import { listed } from "../../../listed.ts";
import { Calibration } from "../../../presence/index.ts";
import type { WeightsRecord } from "../../../run/record/record.ts";
import { effectiveSettings } from "../../../run/settings/effect.ts";
import { metaOf, settingsOfSchema } from "../../../run/settings/meta.ts";
import { CommonSettings } from "../../settings.ts";
import { RegionSettings } from "../settings/baselines.ts";
import { CoarseSettings } from "../settings/coarse.ts";
import type { PresenceSettings } from "../settings/presence.ts";
import { RefineSettings } from "../settings/refine.ts";
import { AffinitySettings, SaliencySettings } from "../settings/saliency.ts";

/** All settings on which the signs of presence depend. */
const Method = z.strictObject({
  ...CommonSettings.pick({ mode: true }).shape,
  ...SaliencySettings.shape,
  ...AffinitySettings.shape,
  ...CoarseSettings.shape,
  ...RefineSettings.shape,
  ...RegionSettings.pick({ baseline: true }).shape,
});

/** What `calibrate` writes: a calibration, and what it was made with. */
const CalibrationFile = z.strictObject({
  calibration: Calibration,
  made: z.strictObject({
    version: z.string(),
    /** The method and its settings. */
    settings: z.record(z.string(), z.unknown()),
    /** SHA-256 of each weights file. */
    weights: z.record(z.string(), z.string()),
    prompts: z.array(z.array(z.string())),
    images: z.strictObject({ negatives: z.number(), positives: z.number() }),
    /** On the halves that gave the threshold and no weights. */
    judged: z.strictObject({
      negatives: z.number(),
      positives: z.number(),
      falseAlarms: z.number(),
      sensitivity: z.number().nullable(),
      falseAlarmsAt90: z.number().nullable(),
    }),
  }),
});
export type CalibrationFile = z.infer<typeof CalibrationFile>;

type Settings = Readonly<Record<string, unknown>>;

/** The settings of a run on which the signs depend, as `run.json` and a calibration hold them. */
export function methodOf(settings: Settings): Record<string, unknown> {
  const shape = settingsOfSchema(Method);
  const names = Object.keys(shape).filter((name) => metaOf(shape[name]!).neutral !== true && name !== "pack");
  const effective = effectiveSettings(Method, Object.fromEntries(Object.keys(shape).map((name) => [name, settings[name]])));
  return Object.fromEntries(names.flatMap((name) => (effective[name] === undefined ? [] : [[name, effective[name]]])));
}

/** SHA-256 of the weights of a run. */
export function hashesOf(weights: Readonly<Record<string, WeightsRecord>>): Record<string, string> {
  return Object.fromEntries(["clip", "sam"].flatMap((model) => (weights[model] ? [[model, weights[model].sha256]] : [])));
}

/** Writes the file of a calibration. */
export async function writeCalibration(file: string, content: CalibrationFile): Promise<void> {
  await writeAtomic(file, `${JSON.stringify(CalibrationFile.parse(content), null, 1)}\n`);
}

/**
 * The calibration by which a run judges whether targets are present; undefined where it does not.
 *
 * @param settings - of the run
 * @param weights - of its models
 * @returns `warnings` where the calibration of a pack is not used, as the run has other settings
 * @throws ConfigError when a calibration is missing, damaged, or was made with other models or settings, and the user asked for it
 */
export async function calibrationOf(
  settings: PresenceSettings & Settings,
  weights: Readonly<Record<string, WeightsRecord>>,
): Promise<{ readonly calibration?: Calibration; readonly warnings: readonly string[] }> {
  const { abstain, calibration: file } = settings;
  if (abstain === false) return { warnings: [] };
  if (file === undefined) {
    if (abstain !== true) return { warnings: [] };
    throw new ConfigError(
      "--abstain needs a calibration. Make one of images that do not show the target, `medclip-sam calibrate --images DIR --prompt TEXT --out FILE`, and pass --calibration FILE.",
    );
  }
  const { data, error } = CalibrationFile.safeParse(await readJson(file, ConfigError));
  if (!data) throw new ConfigError(`"${file}" is no calibration: ${z.prettifyError(error)}`);
  const differences = differencesOf(data.made, settings, weights);
  if (differences.length === 0) return { calibration: data.calibration, warnings: [] };
  const message = `"${file}" was made with ${listed(differences, 4)}`;
  if (abstain === true) throw new ConfigError(`${message}. Use the same, or calibrate again.`);
  return { warnings: [`${message}, so it is not used, and every target gets a mask`] };
}

/** What differs between a calibration and a run, in words. */
function differencesOf(made: CalibrationFile["made"], settings: Settings, weights: Readonly<Record<string, WeightsRecord>>): string[] {
  const [own, hashes] = [methodOf(settings), hashesOf(weights)];
  const models = Object.keys({ ...made.weights, ...hashes }).filter((model) => made.weights[model] !== hashes[model]);
  const names = Object.keys({ ...made.settings, ...own }).filter(
    (name) => JSON.stringify(made.settings[name]) !== JSON.stringify(own[name]),
  );
  return [
    ...models.map((model) => `other weights of ${model === "clip" ? "CLIP" : "SAM"}`),
    ...names.map((name) => (name in made.settings ? `--${kebab(name)} ${made.settings[name]}` : `without --${kebab(name)}`)),
  ];
}
