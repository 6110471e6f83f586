import { readDicom } from "../../../dicom/read-file.ts";
import { ConfigError } from "../../../errors.ts";
import type { Target } from "../../../targets/target.ts";
import type { ScanResult, ScanWriteOptions } from "../../scan-writer.ts";
import { Centroid, placesInHeaders, requireSamePlace } from "../centroid.ts";
import type { ObjectOptions } from "../modules.ts";
import { dicomResult, structureOf } from "../of-scan.ts";
import type { SourceFrame } from "../source.ts";
import { type EncodedSeg, encodeSeg, type SegStructure } from "./encode-seg.ts";
import { readSeg } from "./read-seg.ts";

/** The segmentation of a scan's masks, checked by reading it back. @param shared - what it has in common with an object that refers to it */
export async function segOf(
  result: ScanResult,
  options: ScanWriteOptions,
  shared?: ObjectOptions,
): Promise<EncodedSeg & { readonly messages: readonly string[] }> {
  const { scan, source, options: own } = await dicomResult(result, options, "a segmentation (SEG)");
  const common = shared ?? own;
  if (options.fractional && !result.probabilityOf)
    throw new ConfigError("a fractional segmentation holds probabilities, and there are masks alone. Leave out --fractional.");
  if (options.fractional && options.labelmap)
    throw new ConfigError("a label map holds no probabilities: --fractional or --labelmap, not both.");
  const expected = result.targets.map(() => new Centroid());
  const places = placesInHeaders(source);
  const structures = result.targets.map((target, i): SegStructure => {
    const levelsOf = levelsOfTarget(target, result, options.fractional);
    return {
      ...structureOf(target),
      async levelsOf(index) {
        const levels = await levelsOf(index);
        if (levels) expected[i]!.add(levels, scan.columns, places[index]!);
        return levels;
      },
    };
  });
  const kind = options.labelmap ? "labelmap" : options.fractional ? "fractional" : "binary";
  const encoded = await encodeSeg(source, structures, {
    ...common,
    kind,
    keepEmpty: options.keepEmpty,
    sliceSpacing: scan.isVolume && scan.frames.length > 1 ? sliceSpacing(scan.affine) : undefined,
  });
  if (encoded.bytes) await requireSameMasks(encoded.bytes, encoded, expected, source, options);
  const messages = encoded.empty.map((i) => `"${structures[i]!.label}" is not present: its masks are empty`);
  return { ...encoded, messages };
}

function levelsOfTarget(target: Target, { maskOf, probabilityOf }: ScanResult, fractional: boolean) {
  if (!fractional) return async (index: number) => (await maskOf(target, index))?.data;
  return async (index: number) => {
    const map = await probabilityOf!(target, index);
    return map && Uint8Array.from(map.data, (p) => Math.round(255 * p));
  };
}

const sliceSpacing = (affine: readonly (readonly number[])[] | undefined) =>
  affine && Number(Math.hypot(...affine.map((row) => row[2]!)).toPrecision(9));

/** Largest distance of centroids: what decimals in the object can differ by. */
const toleranceMm = 0.01;

/** Reads a segmentation back, and compares where its segments are with where the masks are. */
async function requireSameMasks(
  bytes: Uint8Array,
  { empty }: EncodedSeg,
  expected: readonly Centroid[],
  source: readonly SourceFrame[],
  { keepEmpty }: ScanWriteOptions,
): Promise<void> {
  const seg = readSeg(readDicom({ name: "the segmentation", bytes }));
  const used = expected.flatMap((_, i) => (empty.includes(i) && !keepEmpty ? [] : [i]));
  const found = used.map(() => new Centroid());
  const indices = new Map(source.map(({ header, number }, i) => [`${header.text("SOPInstanceUID")}#${number ?? 1}`, i]));
  for (const [i, { segment, plane, sources }] of seg.frames.entries()) {
    const levels = Uint8Array.from(await seg.pixels(i));
    const [own] = sources;
    const index = indices.get(`${own!.instance}#${own!.frame ?? 1}`) ?? Number.NaN;
    const place = plane
      ? {
          first: plane.position,
          perColumn: plane.orientation.slice(0, 3).map((cosine) => cosine * plane.spacing[1]!),
          perRow: plane.orientation.slice(3).map((cosine) => cosine * plane.spacing[0]!),
        }
      : { first: [0, 0, index], perColumn: [1, 0, 0], perRow: [0, 1, 0] };
    for (const [k, centroid] of found.entries()) {
      if (segment !== undefined && segment !== k + 1) continue;
      centroid.add(segment === undefined ? levels.map((label) => (label === k + 1 ? 1 : 0)) : levels, seg.columns, place);
    }
  }
  for (const [k, i] of used.entries())
    requireSamePlace(`segment ${k + 1}`, { expected: expected[i]!, found: found[k]!, tolerance: toleranceMm });
}
