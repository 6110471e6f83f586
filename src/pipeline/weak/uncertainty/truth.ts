import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, ShapeError } from "../../../errors.ts";
import type { ClassMaps, LabelMap, Mask, Size } from "../../../image/index.ts";
import { listed } from "../../../listed.ts";
import { scoresOf } from "../../../metrics/evaluate.ts";
import { type LabelRules, namesIn } from "../../../nnunet/index.ts";
import { joinByName, lonelyMessage } from "../../../scans/names.ts";
import { readLabels } from "../../../scans/read-labels.ts";
import { foregroundRegion } from "../../../uncertainty/index.ts";

/** The true label map of an image, if the folder has one. @param endings - of its files */
export function truthFile(folder: string, name: string, endings: readonly string[]): string | undefined {
  return endings.map((ending) => join(folder, name + ending)).find(existsSync);
}

/** The true label maps of images. */
export interface TruthFiles {
  /** By the name of the image; those without one are absent. */
  readonly of: ReadonlyMap<string, string>;
  /** About images without a label map, and label maps of no image. */
  readonly warning: string | undefined;
}

/**
 * Finds the true label maps of images in a folder.
 *
 * @param flag - the setting that names the folder, for the warning
 * @param folder - undefined: there are none
 * @param endings - of its files, those to be preferred first
 * @throws InputError when the folder cannot be read
 */
export async function truthFiles(
  flag: string,
  folder: string | undefined,
  cases: readonly { readonly name: string }[],
  endings: readonly string[],
): Promise<TruthFiles> {
  if (folder === undefined) return { of: new Map(), warning: undefined };
  const found = new Map<string, string>();
  const files = await namesIn(folder);
  for (const ending of endings) {
    for (const file of files) {
      if (!file.toLowerCase().endsWith(ending)) continue;
      const name = file.slice(0, file.length - ending.length);
      if (!found.has(name)) found.set(name, join(folder, file));
    }
  }
  const images = { items: cases.map(({ name }) => name), namesOf: (name: string) => [name], noun: "image" };
  const maps = { items: [...found.keys()], namesOf: (name: string) => [name], noun: "label map" };
  const { rightOf, lonelyLeft, lonelyRight } = joinByName(images, maps);
  const lonely = [lonelyMessage(lonelyLeft, images, maps), lonelyMessage(lonelyRight, maps, images)].filter((words) => words !== undefined);
  return {
    of: new Map([...rightOf].map(([image, map]) => [image, found.get(map)!])),
    warning: lonely.length > 0 ? `${flag} "${folder}": ${lonely.join("; ")}` : undefined,
  };
}

/**
 * A true label map. For models of one foreground any value above 0 is foreground, so that masks of 0 and 255 can be read.
 *
 * @param size - of the image
 * @throws InputError when it cannot be read, or has labels that the model does not know; ShapeError when it has another size
 */
export async function readTruth(file: string, size: Size, { values, ignore, regions }: LabelRules): Promise<LabelMap> {
  const { labels } = await readLabels(file);
  if (labels.width !== size.width || labels.height !== size.height)
    throw new ShapeError(
      `"${file}" has ${labels.width} x ${labels.height} pixels, the image ${size.width} x ${size.height}; they must be equal.`,
    );
  if (regions === undefined && values.length === 2) {
    return { ...labels, data: labels.data.map((label) => (label === ignore ? label : Math.min(label, 1))) };
  }
  const wrong = labels.data.find((label) => label !== ignore && !values.includes(label));
  if (wrong !== undefined)
    throw new InputError(`"${file}" holds the label ${wrong}, which the model does not know; it knows ${listed(values, 12)}.`);
  return labels;
}

/** How right a mask is: all labels above 0 are foreground, and pixels of the ignore label count on neither side. */
export function scoresByTruth(name: string, mask: Mask, truth: LabelMap, { ignore }: Pick<LabelRules, "ignore">) {
  const { width, height } = mask;
  const isIgnored = (i: number) => truth.data[i] === ignore;
  const among = (holds: (i: number) => boolean): Mask => {
    return { width, height, data: Uint8Array.from(mask.data, (_, i) => (holds(i) && !isIgnored(i) ? 1 : 0)) };
  };
  const [own, wanted] = [among((i) => mask.data[i] === 1), among((i) => truth.data[i]! > 0)];
  const { dsc, nsd, surfaceNsd } = scoresOf({ name, truth: wanted, prediction: own });
  return { dsc, nsd, surfaceNsd };
}

/** The pixels of an image whose probabilities are judged, in a row. */
export interface JudgedRow {
  readonly probabilities: ClassMaps<"probabilities">;
  readonly truth: LabelMap;
}

/**
 * The pixels in the dilated foreground (`foregroundRegion`) with their true classes, without those of the ignore label. Each region is judged as
 * two classes of its own, and the pixels of one region follow those of another.
 */
export function judgedRow(mean: ClassMaps<"probabilities">, truth: LabelMap, { regions, ignore }: LabelRules): JudgedRow {
  const near = foregroundRegion(truth, { ...(ignore !== undefined && { ignore }) });
  const pixels = Array.from(truth.data.keys()).filter((i) => near.data[i] === 1 && truth.data[i] !== ignore);
  const [size, count, length] = [mean.width * mean.height, regions ? 2 : mean.count, (regions?.length ?? 1) * pixels.length];
  const [data, labels] = [new Float32Array(count * length), new Int16Array(length)];
  const put = (at: number, k: number, value: number) => {
    data[k * length + at] = value;
  };
  for (const [i, pixel] of pixels.entries()) {
    if (!regions) {
      labels[i] = truth.data[pixel]!;
      for (let k = 0; k < count; k++) put(i, k, mean.data[k * size + pixel]!);
      continue;
    }
    for (const [k, { values }] of regions.entries()) {
      const at = k * pixels.length + i;
      const inside = mean.data[k * size + pixel]!;
      labels[at] = values.includes(truth.data[pixel]!) ? 1 : 0;
      put(at, 0, 1 - inside);
      put(at, 1, inside);
    }
  }
  const shape = { width: length, height: 1 };
  return {
    probabilities: { kind: "probabilities", areExclusive: true, count, ...shape, data },
    truth: { kind: "labels", ...shape, data: labels },
  };
}
