import { basename } from "node:path";
import type { z } from "zod";
import { areaPx, type Size } from "../../../image/index.ts";
import type { ResultPlace } from "../../../results/layout.ts";
import type { RunInputs } from "../../../run/inputs.ts";
import type { Item, Outcome } from "../../../run/items.ts";
import { type ImageRecord, promptKey, type RunHeader, type TargetRecord, type WeightsRecord } from "../../../run/record/record.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import { filesOfInput } from "../../../scans/inputs-of-scans.ts";
import { leftOutRecord } from "../../../scans/left-out.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import type { AppliedWindow } from "../../../scans/sources/window.ts";
import type { Target } from "../../../targets/target.ts";
import type { RunSession } from "../../models/models-of-run.ts";
import type { CommonSettings } from "../../settings.ts";
import type { RefineResult } from "../steps/refine-step.ts";
import type { SaliencyStep } from "../steps/saliency-step.ts";
import type { TextPrompts } from "../targets/targets-of-images.ts";
import { boxNumbers, pointNumbers } from "./raw-file.ts";

/** An image with its targets, from an earlier step or from text prompts; empty if there are none. */
export interface TargetItem extends Item {
  readonly image: ImageInput;
  readonly lookFor: readonly Target[];
}

/** The name by which an image selects its random streams: that of its file; where that holds several frames, with the frame's number. */
export function streamName({ file, frame }: ImageInput): string {
  const number = numberOf(frame);
  return number === undefined ? basename(file) : `${basename(file)}#${number}`;
}

/** Name of the scan that an item is a slice of, see `ItemOptions.scanOf`. */
export const scanNameOf = (item: Item): string | undefined => ("image" in item ? (item as TargetItem).image.frame?.whole.name : undefined);

/** Number of a frame in its file, from 1; undefined for an image in a file of its own. */
const numberOf = (frame: ImageInput["frame"]): number | undefined => frame?.scan.frames[frame.index]?.number;

/** The fields of an image's record that say where it comes from and how it was shown. */
export function sourceRecord({ file, frame }: ImageInput, { width, height }: Size, display: AppliedWindow | undefined) {
  const number = numberOf(frame);
  return { file, ...(number !== undefined && { frame: number }), width, height, ...(display && { display }) };
}

/** The fields that a refined mask adds to the record of its target. @param spacing - millimetres per pixel [row, column] */
export function refinedRecord(refined: Omit<RefineResult, "logits" | "warnings">, spacing: readonly [number, number] | undefined) {
  const area = areaPx(refined.mask);
  return {
    boxes: refined.boxes.map(boxNumbers),
    points: refined.points.map(pointNumbers),
    scores: Array.from(refined.scores),
    areaPx: area,
    areaMm2: spacing ? area * spacing[0] * spacing[1] : null,
  };
}

/** Result of a step for one target. */
export interface FoundTarget {
  readonly target: Target;
  readonly record: Omit<TargetRecord, "warnings">;
  readonly warnings: readonly string[];
  /** Short summary. */
  readonly summary: string;
}

/** Results of a step for all targets of an image, as stored in records: those of an unnamed target are fields of the image itself. */
export function outcomeOf(found: readonly FoundTarget[]): Pick<Outcome, "record" | "warnings" | "summary"> {
  const [only] = found;
  if (only && only.target.name === undefined) return only;
  const targets = found.map(({ target, record, warnings }) => [target.name!, { ...record, warnings }]);
  return {
    record: { targets: Object.fromEntries(targets) },
    warnings: [],
    summary: found.map(({ target, summary }) => `${target.name}: ${summary}`).join("; "),
  };
}

/** Short summary of a refined mask. */
export function summaryOf({ areaPx, scores }: { readonly areaPx: number; readonly scores: readonly number[] }): string {
  const score = scores.length > 0 ? `, score ${Math.max(...scores).toFixed(3)}` : "";
  return `${areaPx} px${score}`;
}

/**
 * The header of a run's record, with the settings that had an effect.
 *
 * @param run - device actually used; notices about the models; files that were not used; targets
 */
export function header(
  command: string,
  schema: z.ZodType,
  settings: CommonSettings,
  weights: Record<string, WeightsRecord>,
  {
    device,
    notices,
    label,
    samPrecision,
    samVariant,
    leftOut,
    all = [],
    classAware,
  }: { readonly all?: readonly Target[]; readonly classAware?: string | undefined } & Pick<RunSession, "device" | "notices" | "label"> &
    Pick<RunHeader, "samPrecision" | "samVariant"> &
    Pick<RunInputs, "leftOut">,
): Omit<RunHeader, "versions"> {
  const { seed, threads } = settings;
  const computed = { device, ...(samPrecision && { samPrecision }), ...(samVariant && { samVariant }) };
  const told = {
    ...targetsOf(all),
    ...(classAware !== undefined && { classAware: true }),
    ...(notices.length > 0 && { notices }),
    ...(label && { label }),
    ...(leftOut.length > 0 && { leftOut: leftOutRecord(leftOut) }),
  };
  return { command, ...recordedSettings(schema, { ...settings }), seed, ...computed, threads: threads ?? null, weights, ...told };
}

/** The targets in the header of a record: absent if unnamed. */
export function targetsOf(all: readonly Target[]): Pick<RunHeader, "targets"> {
  const targets = all.flatMap(({ name, sentences }) => (name === undefined ? [] : [{ name, sentences }]));
  return targets.length > 0 ? { targets } : {};
}

/** One item per image, with its targets; an image without targets is later reported as a failure. */
export function promptedItems(
  inputs: readonly ImageInput[],
  prompts: TextPrompts,
  outputs: (image: ImageInput, place: ResultPlace, targets: readonly Target[]) => readonly string[],
  out: string,
): TargetItem[] {
  const { all } = prompts;
  return inputs.map((image) => {
    const { file, name } = image;
    const lookFor = prompts.of(image) ?? [];
    return {
      name,
      file,
      image,
      inputs: filesOfInput(image),
      outputs: outputs(image, { out, name, all }, lookFor),
      ...wantedOf(lookFor),
      lookFor,
    };
  });
}

/** The text prompts of an image as recorded. */
function wantedOf(lookFor: readonly Target[]): Pick<Item, "prompt" | "targets"> {
  const [only] = lookFor;
  if (!only) return {};
  if (only.name === undefined) return { prompt: only.sentences };
  return { targets: Object.fromEntries(lookFor.map(({ name, sentences }) => [name!, sentences])) };
}

/** Keys of all text prompts that images of a run can have. */
export function promptKeys({ entries }: TextPrompts): ReadonlySet<string> {
  return new Set(entries.map((lookFor) => promptKey(wantedOf(lookFor))));
}

/** Warnings about so many different text prompts are given at the start; those about others, of a prompts file with one for each image, with the image. */
const mostPrompts = 20;

/** Warnings about the text prompts of a run, given once at its start. */
export function promptWarnings(items: readonly TargetItem[], step: Pick<SaliencyStep, "warningsOf">): Set<string> {
  const targets = new Map(
    items.flatMap(({ lookFor }) => lookFor.map((target) => [JSON.stringify([target.name, target.sentences]), target])),
  );
  const warnings = [...targets.values()].slice(0, mostPrompts).flatMap(({ name, sentences }) => {
    return step.warningsOf(sentences).map((warning) => (name === undefined ? warning : `${name}: ${warning}`));
  });
  return new Set(warnings);
}

/** Whether an earlier step recorded that an image does not show a target. */
export function isAbsentIn(record: ImageRecord | undefined, { name }: Target): boolean {
  if (name === undefined) return record?.absent === true;
  const targets = record?.targets ?? {};
  return Object.hasOwn(targets, name) && targets[name]!.absent === true;
}

/** The text prompts of a named target in an image, if an earlier step recorded them. */
export function promptOf(record: ImageRecord | undefined, { name }: Target): readonly string[] | undefined {
  const targets = record?.targets ?? {};
  return name !== undefined && Object.hasOwn(targets, name) ? targets[name]!.prompt : undefined;
}
