import { z } from "zod";
import { ConfigError } from "../../../errors.ts";
import { kebab } from "../../../kebab.ts";
import { listed } from "../../../listed.ts";
import { Calibration } from "../../../presence/index.ts";
import { effectiveSettings } from "../../../run/settings/effect.ts";
import { metaOf, settingsOfSchema } from "../../../run/settings/meta.ts";
import { CommonSettings } from "../../settings.ts";
import { RegionSettings } from "../settings/baselines.ts";
import { CoarseSettings } from "../settings/coarse.ts";
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

const CalibrationContent = z.strictObject({
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
      /** Means over other random halves. */
      repeated: z
        .strictObject({ halves: z.number(), sensitivity: z.number(), falseAlarmsAt90: z.number(), deviation: z.number() })
        .nullable(),
    }),
  }),
});
/** What `calibrate` writes: when a target counts as present, and what that was found with. */
export type PresenceCalibration = z.infer<typeof CalibrationContent>;

/** @param what - names the content in the message. @throws ConfigError when it is not the content of such a file */
export function checkedCalibration(content: unknown, what: string): PresenceCalibration {
  const { data, error } = CalibrationContent.safeParse(content);
  if (data) return data;
  throw new ConfigError(`${what} is no calibration of this version: ${z.prettifyError(error)}. Make one with \`medclip-sam calibrate\`.`);
}

type Settings = Readonly<Record<string, unknown>>;

/** The settings of a run on which the signs depend, as `run.json` and a calibration hold them. */
export function methodOf(settings: Settings): Record<string, unknown> {
  const shape = settingsOfSchema(Method);
  const names = Object.keys(shape).filter((name) => metaOf(shape[name]!).neutral !== true && name !== "pack");
  const effective = effectiveSettings(Method, Object.fromEntries(Object.keys(shape).map((name) => [name, settings[name]])));
  return Object.fromEntries(names.flatMap((name) => (effective[name] === undefined ? [] : [[name, effective[name]]])));
}

/** What a calibration belongs to. */
interface Belonging {
  readonly settings?: Settings;
  /** SHA-256 of the files of the models. */
  readonly weights?: Readonly<Record<string, string>>;
  /** The sentences of each target. */
  readonly prompts?: readonly (readonly string[])[];
}

/**
 * What differs between a calibration and a run, in words for a message; undefined where nothing does.
 *
 * @param run - what is not given is not compared
 */
export function differenceFrom({ made }: PresenceCalibration, { settings, weights, prompts = [] }: Belonging): string | undefined {
  const own = settings && methodOf(settings);
  const models = changedNames(made.weights, weights);
  const names = changedNames(made.settings, own);
  const known = new Set(made.prompts.map((sentences) => JSON.stringify(sentences)));
  const other = prompts.find((sentences) => !known.has(JSON.stringify(sentences)));
  const quoted = (sentences: readonly string[]) => `"${sentences[0]}"${sentences.length > 1 ? ` and ${sentences.length - 1} more` : ""}`;
  const differences = [
    ...(other ? [`the text prompt ${listed(made.prompts, 3, quoted)}, not ${quoted(other)}`] : []),
    ...new Set(models.map((file) => `another ${/^sam(?:\/|$)/.test(file) ? "SAM" : "CLIP or vocabulary"}`)),
    ...names.map((name) => (name in made.settings ? `--${kebab(name)} ${made.settings[name]}` : `without --${kebab(name)}`)),
  ];
  return differences.length === 0 ? undefined : listed(differences, 4);
}

/** Names whose values differ; none where there is nothing to compare with. */
function changedNames(made: Settings, own: Settings | undefined): string[] {
  if (!own) return [];
  return Object.keys({ ...made, ...own }).filter((name) => JSON.stringify(made[name]) !== JSON.stringify(own[name]));
}
