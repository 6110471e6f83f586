import type { DataSet } from "../../../dicom/write/data-set.ts";
import { type Concept, shortText } from "../concepts.ts";
import { algorithmItem, codeItem, maker, type ObjectOptions, type Structure } from "../modules.ts";

/** The description of a segment. @param number - from 1 */
export async function segmentItem(structure: Structure, concept: Concept, number: number, options: ObjectOptions): Promise<DataSet> {
  const { label, prompts, colour } = structure;
  const { category, type, modifier, region } = concept;
  return {
    SegmentNumber: number,
    SegmentLabel: shortText(label, 64),
    SegmentDescription: shortText(prompts.join(" | ") || label, 1024),
    SegmentAlgorithmType: "AUTOMATIC",
    SegmentAlgorithmName: maker.model,
    SegmentationAlgorithmIdentificationSequence: [algorithmItem(structure, options)],
    SegmentedPropertyCategoryCodeSequence: [codeItem(category)],
    SegmentedPropertyTypeCodeSequence: [
      { ...codeItem(type), ...(modifier && { SegmentedPropertyTypeModifierCodeSequence: [codeItem(modifier)] }) },
    ],
    ...(region && { AnatomicRegionSequence: [codeItem(region)] }),
    TrackingID: shortText(label, 64),
    TrackingUID: await options.uids(`tracking ${label}`),
    RecommendedDisplayCIELabValue: cieLab(colour),
  };
}

/**
 * A colour (sRGB, 0 to 255) as CIELab with 16 bits: L* from 0 to 100, a* and b* from -128 to 127.
 *
 * @see DICOM PS3.3, C.10.7.1.1; white point D50, as of ICC profiles
 */
export function cieLab(colour: readonly number[]): number[] {
  const [r, g, b] = colour.map((level) => {
    const v = level / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const [x, y, z] = [
    (0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.9642,
    0.2225045 * r + 0.7168786 * g + 0.0606169 * b,
    (0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.8249,
  ].map((t) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116)) as [number, number, number];
  const [L, A, B] = [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  return [L / 100, (A + 128) / 255, (B + 128) / 255].map((share) => Math.round(65535 * Math.min(1, Math.max(0, share))));
}
