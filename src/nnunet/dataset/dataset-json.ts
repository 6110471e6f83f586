import { z } from "zod";
import { described } from "../../check/described.ts";
import { InputError } from "../../errors.ts";
import { labelRulesOf } from "../labels.ts";

/** The file dataset.json of an nnU-Net data set, with the keys that nnU-Net v2 reads; others are kept. */
export interface DatasetJson {
  /** Names of the channels by number, from "0" on. The name decides how a channel is normalised. */
  readonly channel_names: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, number | readonly number[]>>;
  readonly regions_class_order?: readonly number[] | undefined;
  readonly numTraining: number;
  /** Of images and label files, with its dot: ".png". */
  readonly file_ending: string;
  /** Name of nnU-Net's class that reads the images; by default it follows from the ending. */
  readonly overwrite_image_reader_writer?: string | undefined;
  /** Training cases whose files are elsewhere: paths relative to the folder of dataset.json. */
  readonly dataset?: Readonly<Record<string, { readonly images: readonly string[]; readonly label: string }>> | undefined;
  /** Where the labels are not drawn by people: a key of our own, which nnU-Net passes over. */
  readonly pseudo_labels?: PseudoLabelNote | undefined;
}

/** What pseudo-labels were made from. */
export interface PseudoLabelNote {
  readonly prompts: readonly string[];
  /** Number of true masks that the settings were chosen on. */
  readonly true_masks_used: number;
}

const channelNames = z.record(z.string(), z.string());
const whole = z.number().int().nonnegative();

const Schema = z.looseObject({
  channel_names: channelNames,
  labels: z.record(z.string(), z.unknown()),
  regions_class_order: z.array(whole).optional(),
  numTraining: z.number().int().positive(),
  file_ending: z.string(),
  overwrite_image_reader_writer: z.string().optional(),
  dataset: z.record(z.string(), z.looseObject({ images: z.array(z.string()).min(1), label: z.string() })).optional(),
  pseudo_labels: z.looseObject({ prompts: z.array(z.string()), true_masks_used: whole }).optional(),
});

/** What is meant by each key, for the message about a missing or wrong one. */
const examples: Readonly<Record<string, string>> = {
  channel_names: `"channel_names": {"0": "CT"}`,
  labels: `"labels": {"background": 0, "lung": 1}`,
  regions_class_order: `"regions_class_order": [1, 2]`,
  numTraining: `"numTraining": 12, the number of training cases`,
  file_ending: `"file_ending": ".png"`,
  overwrite_image_reader_writer: `"overwrite_image_reader_writer": "NaturalImage2DIO"`,
  pseudo_labels: `"pseudo_labels": {"prompts": ["breast lesion"], "true_masks_used": 120}`,
  dataset: `"dataset": {"case_000": {"images": ["a.png"], "label": "b.png"}}`,
};

/**
 * A dataset.json as it was parsed, checked.
 *
 * @param file - its name in messages
 * @throws InputError that names the file, the key, what it must hold and what it holds
 * @see nnU-Net v2, documentation/dataset_format.md
 */
export function checkedDatasetJson(json: unknown, file: string): DatasetJson {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new InputError(`"${file}" must hold an object, got ${described(json)}`);
  }
  const given = json as Readonly<Record<string, unknown>>;
  // "modality" is what nnU-Net v1 called it; v2 still reads it.
  const parsed = Schema.safeParse({ ...given, channel_names: given.channel_names ?? given.modality });
  if (!parsed.success) {
    const [{ path }] = parsed.error.issues as [z.core.$ZodIssue];
    const key = String(path[0]);
    const value = path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step], given);
    throw new InputError(
      given[key] === undefined
        ? `"${file}" has no key "${key}". Add ${examples[key]}.`
        : `"${file}": "${path.join(".")}" is ${described(value)}; expected such as ${examples[key]}.`,
    );
  }
  const checked = parsed.data as DatasetJson;
  checkChannels(checked.channel_names, file);
  if (!/^(\.[A-Za-z0-9]+)+$/.test(checked.file_ending)) {
    throw new InputError(`"${file}": "file_ending" is ${described(checked.file_ending)}; write it with its dot, such as ".png".`);
  }
  labelRulesOf(checked, file);
  return checked;
}

function checkChannels(names: Readonly<Record<string, string>>, file: string): void {
  const keys = Object.keys(names);
  if (keys.length > 0 && keys.every((key, i) => key === String(i))) return;
  const swapped = Object.values(names).every((name) => /^\d+$/.test(name)) ? " The name belongs behind the number." : "";
  throw new InputError(
    `"${file}": the keys of "channel_names" must be "0", "1" and so on, got ${keys.map((key) => `"${key}"`).join(", ") || "none"}.${swapped}`,
  );
}

/** The names of the channels in their order. */
export const channelNamesOf = ({ channel_names: names }: Pick<DatasetJson, "channel_names">): readonly string[] => Object.values(names);
