import { z } from "zod";
import { described } from "../../check/described.ts";
import { InputError } from "../../errors.ts";
import { listed } from "../../listed.ts";
import { parsed } from "./parsed.ts";
import { resampling } from "./plans-json.ts";
import { readNetwork } from "./read-network.ts";
import { normalisationSchemes, type Plan2d, type Plans } from "./types.ts";

const pair = z.tuple([z.number().positive(), z.number().positive()]);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const size = z.tuple([z.number().int().positive(), z.number().int().positive()]);
const properties = z.looseObject({
  mean: z.number(),
  median: z.number(),
  min: z.number(),
  max: z.number(),
  std: z.number(),
  percentile_00_5: z.number(),
  percentile_99_5: z.number(),
});

/** By channel number. */
export const intensitiesSchema = z.record(z.string().regex(/^\d+$/), properties);

const FileSchema = z.looseObject({
  dataset_name: z.string(),
  plans_name: z.string(),
  original_median_spacing_after_transp: triple,
  original_median_shape_after_transp: triple,
  image_reader_writer: z.string(),
  transpose_forward: triple,
  configurations: z.record(z.string(), z.looseObject({})),
  experiment_planner_used: z.string(),
  foreground_intensity_properties_per_channel: intensitiesSchema,
});

const ConfigurationSchema = z.looseObject({
  batch_size: z.number().int().positive(),
  patch_size: size,
  median_image_size_in_voxels: pair,
  spacing: pair,
  normalization_schemes: z.array(z.enum(normalisationSchemes)),
  use_mask_for_norm: z.array(z.boolean()),
  batch_dice: z.boolean(),
});

export interface ReadPlansOptions {
  /** The configuration to read: "2d", or one that inherits from it. Default 2d. */
  readonly configuration?: string | undefined;
}

/**
 * The 2D part of a plans file, in the layout of nnU-Net 2.8.1 (with the block `architecture`) or of 2.1.1 (with UNet_class_name and its like).
 *
 * @param json - the file as it was parsed
 * @param file - its name in messages
 * @throws InputError that names the file and the key: one is missing or wrong, the images were transposed, or it asks for something that is not supported
 */
export function plansFromJson(json: unknown, file: string, { configuration = "2d" }: ReadPlansOptions = {}): Plans {
  const plans = parsed(FileSchema, json, file, "");
  if (plans.transpose_forward.some((axis, i) => axis !== i)) {
    throw new InputError(
      `"${file}" transposes images by [${plans.transpose_forward}], as it was made for 3D volumes; expected [0,1,2]. Plan the 2D data set again.`,
    );
  }
  const intensities = Object.values(plans.foreground_intensity_properties_per_channel);
  return {
    datasetName: plans.dataset_name,
    plansName: plans.plans_name,
    planner: plans.experiment_planner_used,
    imageReader: plans.image_reader_writer,
    medianSpacing: plans.original_median_spacing_after_transp,
    medianShape: plans.original_median_shape_after_transp,
    intensities,
    plan2d: readConfiguration(
      inherited(plans.configurations, configuration, file),
      file,
      `configurations.${configuration}.`,
      intensities.length,
    ),
  };
}

type Configurations = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A configuration with the entries of those that it inherits from. */
function inherited(configurations: Configurations, name: string, file: string, heirs: readonly string[] = []): Record<string, unknown> {
  const found = configurations[name];
  if (!found) {
    const from = heirs.length > 0 ? `, from which "${heirs.at(-1)}" inherits` : "";
    throw new InputError(
      `"${file}" has no configuration "${name}"${from}; it has ${listed(Object.keys(configurations), 8, (key) => `"${key}"`)}.`,
    );
  }
  const { inherits_from: parent, ...own } = found;
  if (parent === undefined) return own;
  if (typeof parent !== "string" || parent === name || heirs.includes(parent)) {
    throw new InputError(
      `"${file}": configuration "${name}" inherits from ${described(parent)}; expected another configuration, and no circle.`,
    );
  }
  return { ...inherited(configurations, parent, file, [...heirs, name]), ...own };
}

/** A setting as text, whatever the order of its keys. */
const textOf = (setting: unknown): string =>
  JSON.stringify(typeof setting === "object" && setting !== null ? Object.entries(setting).sort() : setting);

function readConfiguration(json: Readonly<Record<string, unknown>>, file: string, where: string, channels: number): Plan2d {
  const plan = parsed(ConfigurationSchema, json, file, where);
  for (const [key, expected] of Object.entries(resampling)) {
    // Version 2.1.1 leaves out what it does not set.
    if (json[key] !== undefined && textOf(json[key]) !== textOf(expected)) {
      throw new InputError(
        `"${file}": ${where}${key} is ${JSON.stringify(json[key])}; only ${JSON.stringify(expected)}, nnU-Net's default, is supported. Plan with a planner that uses it.`,
      );
    }
  }
  for (const key of ["normalization_schemes", "use_mask_for_norm"] as const) {
    if (plan[key].length === channels) continue;
    throw new InputError(
      `"${file}": ${where}${key} has ${plan[key].length} entries, but there are intensities of ${channels} channels. Both need one a channel.`,
    );
  }
  return {
    batchSize: plan.batch_size,
    patchSize: plan.patch_size,
    medianSize: plan.median_image_size_in_voxels,
    spacing: plan.spacing,
    normalisation: plan.normalization_schemes,
    useMaskForNorm: plan.use_mask_for_norm,
    batchDice: plan.batch_dice,
    network: readNetwork(json, file, where, plan.patch_size),
  };
}
