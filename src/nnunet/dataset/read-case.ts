import { firstNotFinite } from "../../check/numbers.ts";
import { InputError } from "../../errors.ts";
import type { LabelMap } from "../../image/class-maps.ts";
import { listed } from "../../listed.ts";
import { type ImageChannels, readChannels } from "../../scans/read-channels.ts";
import { readLabels } from "../../scans/read-labels.ts";
import type { LabelRules } from "../labels.ts";
import type { CaseFiles } from "./case-files.ts";
import { channelNamesOf, type DatasetJson } from "./dataset-json.ts";
import type { TrainingFiles } from "./raw-dataset.ts";

/** The image of a case: its channels as stored. Its warnings begin with the file name. */
export interface CaseImage extends ImageChannels {
  readonly name: string;
}

/** A case with its labels, of the same size. */
export interface TrainingCase extends CaseImage {
  readonly labels: LabelMap;
}

/**
 * The image of a case from its files, one or several channels each.
 *
 * @throws InputError that names the file: it cannot be read, has another size than the first, values that are not finite, or there are more or fewer
 *   channels than dataset.json names
 */
export async function readCaseImage({ name, images }: CaseFiles, json: Pick<DatasetJson, "channel_names">): Promise<CaseImage> {
  const names = channelNamesOf(json);
  const warnings: string[] = [];
  const parts: Float32Array[] = [];
  let first: Awaited<ReturnType<typeof readChannels>> | undefined;
  for (const file of images) {
    const image = await readChannels(file);
    first ??= image;
    checkSize(file, image, images[0]!, first);
    checkSpacing(file, image, images[0]!, first);
    const bad = firstNotFinite(image.data);
    if (bad !== -1) {
      throw new InputError(
        `"${file}" holds ${image.data[bad]} at pixel ${bad % (image.width * image.height)}; expected finite values. Replace it, for example by 0.`,
      );
    }
    parts.push(image.data);
    for (const warning of image.warnings) warnings.push(`"${file}" ${warning}`);
  }
  const { width, height, spacing, geometry } = first!;
  const data = parts.length === 1 ? parts[0]! : joined(parts);
  const channels = data.length / (width * height);
  if (channels !== names.length) {
    const missing =
      channels < names.length && images.length === channels
        ? ` Files of the others are named as "${name}_${String(channels).padStart(4, "0")}".`
        : "";
    throw new InputError(
      `"${images[0]}": "${name}" has ${channels} channels, dataset.json names ${names.length} (${listed(names, 6)}). Convert the images, or correct "channel_names".${missing}`,
    );
  }
  return { name, width, height, channels, data, spacing, geometry, warnings };
}

/**
 * A training case from its files.
 *
 * @throws InputError as `readCaseImage`, and when the label file cannot be read, has another size, or holds values that dataset.json does not declare
 */
export async function readTrainingCase(
  files: TrainingFiles,
  { json, labels: rules }: { readonly json: Pick<DatasetJson, "channel_names">; readonly labels: LabelRules },
): Promise<TrainingCase> {
  const image = await readCaseImage(files, json);
  const { labels, spacing, warnings } = await readLabels(files.label);
  checkSize(files.label, labels, files.images[0]!, image);
  checkSpacing(files.label, { spacing }, files.images[0]!, image);
  checkDeclared(labels, rules, files.label);
  return { ...image, labels, warnings: [...image.warnings, ...warnings.map((warning) => `"${files.label}" ${warning}`)] };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}

interface Sized {
  readonly width: number;
  readonly height: number;
}

function checkSize(file: string, { width, height }: Sized, other: string, expected: Sized): void {
  if (width === expected.width && height === expected.height) return;
  throw new InputError(
    `"${file}" has ${width} x ${height} pixels, "${other}" has ${expected.width} x ${expected.height}; files of a case must have one size. Resample it, labels without interpolation.`,
  );
}

type Spaced = Pick<CaseImage, "spacing">;

/** Relative difference by which spacings may differ, as files round them. */
const spacingTolerance = 1e-3;

function checkSpacing(file: string, { spacing }: Spaced, other: string, { spacing: expected }: Spaced): void {
  if (spacing === undefined || expected === undefined) return;
  if ([0, 1].every((axis) => Math.abs(spacing[axis]! - expected[axis]!) <= spacingTolerance * expected[axis]!)) return;
  throw new InputError(
    `"${file}" has a spacing of ${spacing.join(" x ")} mm, "${other}" has ${expected.join(" x ")} mm; files of a case must have one. Correct the header of the wrong one.`,
  );
}

function checkDeclared({ data, width }: LabelMap, { values, ignore }: LabelRules, file: string): void {
  const declared = new Set(ignore === undefined ? values : [...values, ignore]);
  const at = data.findIndex((value) => !declared.has(value));
  if (at === -1) return;
  const value = data[at]!;
  const found = [...new Set(data)].sort((a, b) => a - b);
  throw new InputError(
    `"${file}" holds the label ${value} (at column ${at % width}, row ${Math.floor(at / width)}), which dataset.json does not declare; it declares ${listed([...declared], 12)}. ${adviceFor(found, file)}`,
  );
}

function adviceFor(found: readonly number[], file: string): string {
  if (/\.jpe?g$/i.test(file)) return "JPEG changes values: save label files as PNG.";
  if (found.length === 2 && found[0] === 0) return `The file holds 0 and ${found[1]} alone: save the foreground as 1.`;
  return `The file holds ${listed(found, 12)}: renumber its labels, or add them to dataset.json.`;
}
