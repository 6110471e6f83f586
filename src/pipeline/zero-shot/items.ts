import type { z } from "zod";
import type { RunInputs } from "../../run/inputs.ts";
import type { Item } from "../../run/items.ts";
import type { RunHeader, WeightsRecord } from "../../run/record/record.ts";
import { effectiveSettings } from "../../run/settings/effect.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import type { RunSession } from "../models/models-of-run.ts";
import type { CommonSettings } from "../settings.ts";
import { boxNumbers, type OutputFolder, outputFile, pointNumbers } from "./outputs.ts";
import { countForeground, type RefineResult } from "./steps.ts";
import type { TextPrompts } from "./text-prompts.ts";

export interface RunOptions {
  /** Stops the run between two images. */
  readonly signal?: AbortSignal;
}

/** The fields that a refined mask adds to the record of its image. */
export function refinedRecord(refined: RefineResult) {
  return {
    boxes: refined.boxes.map(boxNumbers),
    points: refined.points.map(pointNumbers),
    scores: Array.from(refined.scores),
    areaPx: countForeground(refined.mask),
    areaMm2: null,
  };
}

/** A refined mask in a few words. */
export function summaryOf({ mask, scores }: RefineResult): string {
  const score = scores.length > 0 ? `, score ${Math.max(...scores).toFixed(3)}` : "";
  return `${countForeground(mask)} px${score}`;
}

/**
 * The header of a run's record, with the settings that had an effect.
 *
 * @param run - what computes, whatever the settings ask for; what the models' pack must tell; which files were not taken
 */
export function header(
  command: string,
  schema: z.ZodType,
  settings: CommonSettings,
  weights: Record<string, WeightsRecord>,
  {
    device,
    notices,
    samPrecision,
    leftOut,
  }: Pick<RunSession, "device" | "notices"> & Pick<RunHeader, "samPrecision"> & Pick<RunInputs, "leftOut">,
): Omit<RunHeader, "versions"> {
  const { seed, threads } = settings;
  const computed = { device, ...(samPrecision && { samPrecision }) };
  const told = { ...(notices.length > 0 && { notices }), ...(leftOut && { leftOut }) };
  const effective = effectiveSettings(schema, { ...settings });
  return { command, settings: effective, seed, ...computed, threads: threads ?? null, weights, ...told };
}

/** One item an image, with its sentences where it has any; an image without is left to fail by name. */
export function promptedItems(inputs: readonly ImageInput[], prompts: TextPrompts, folders: readonly OutputFolder[], out: string): Item[] {
  return inputs.map((image) => {
    const { file, name } = image;
    const prompt = prompts.of(image);
    return { name, file, inputs: [file], outputs: folders.map((folder) => outputFile(out, folder, name)), ...(prompt && { prompt }) };
  });
}
