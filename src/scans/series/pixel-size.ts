import type { Attributes } from "../../dicom/attributes.ts";

/** The size of a pixel in the patient, and how sure it is. */
export interface PixelSize {
  /** Millimetres [between rows, between columns]; undefined if unknown. */
  readonly spacing?: readonly [row: number, column: number];
  /** The attribute that gives it, such as "PixelSpacing"; undefined if unknown. */
  readonly source?: string;
  /** Without a file name. */
  readonly warnings: readonly string[];
}

/** What a rule says: a size, or why there is none; undefined where the attribute is absent. */
type Found = PixelSize | undefined;

/**
 * The size of a pixel by the first attribute that gives one: PixelSpacing, ImagerPixelSpacing (divided by the magnification, where it is known),
 * NominalScannedPixelSpacing, the 2D regions of an ultrasound image. Lengths of 0 or less are unknown, PixelAspectRatio gives none.
 *
 * @param attributes - of the image
 * @param measures - the PixelMeasuresSequence of a frame, which comes first
 * @see DICOM PS3.3, 10.7.1.3 (what PixelSpacing of projections means) and C.8.5.5 (regions)
 */
export function pixelSpacing(attributes: Attributes, measures?: Attributes): PixelSize {
  const unknown: string[] = [];
  for (const rule of [ofPatient, ofDetector, ofScanner, ofRegions]) {
    const found = rule(attributes, measures);
    if (found?.spacing) return { ...found, warnings: [...unknown, ...found.warnings] };
    unknown.push(...(found?.warnings ?? []));
  }
  return { warnings: unknown };
}

type Rule = (attributes: Attributes, measures: Attributes | undefined) => Found;

const ofPatient: Rule = (attributes, measures) => {
  const holder = measures?.has("PixelSpacing") ? measures : attributes;
  const found = lengths(holder, "PixelSpacing");
  const detector = lengths(attributes, "ImagerPixelSpacing")?.spacing;
  if (!found?.spacing || detector === undefined || holder === measures) return found;
  if (attributes.has("PixelSpacingCalibrationType")) return { ...found, source: "PixelSpacing (calibrated)" };
  const [row, column] = found.spacing;
  if (row !== detector[0] || column !== detector[1]) return { ...found, source: "PixelSpacing (calibrated)" };
  return { ...found, source: "PixelSpacing equal to ImagerPixelSpacing: at the detector", warnings: [atDetector] };
};

const ofDetector: Rule = (attributes) => {
  const found = lengths(attributes, "ImagerPixelSpacing");
  if (!found?.spacing) return found;
  const factor = attributes.number("EstimatedRadiographicMagnificationFactor");
  if (factor === undefined || !(factor > 0) || !Number.isFinite(factor)) {
    return { ...found, source: "ImagerPixelSpacing, at the detector", warnings: [atDetector] };
  }
  const [row, column] = found.spacing;
  return {
    spacing: [row / factor, column / factor],
    source: "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
    warnings: [],
  };
};

const atDetector = "its pixel size is that at the detector, as the magnification is not known: lengths in the patient are smaller";

const ofScanner: Rule = (attributes) => lengths(attributes, "NominalScannedPixelSpacing");

/** Codes of a region's format and units. */
const [twoDimensional, centimetres] = [1, 3];

/** Relative difference by which equal scales may differ. */
const scaleTolerance = 1e-6;

const ofRegions: Rule = (attributes) => {
  const regions = attributes
    .items("SequenceOfUltrasoundRegions")
    .filter((region) => region.number("RegionSpatialFormat") === twoDimensional);
  const [first, ...others] = regions.map(scaleOfRegion);
  if (first === undefined) return undefined;
  const isSame = (other: Scale) => other.every((length, i) => Math.abs(length - first[i]!) <= scaleTolerance * first[i]!);
  if (!others.every(isSame)) {
    return { warnings: [`its ${regions.length} 2D ultrasound regions have different scales, so there is no pixel size of the image`] };
  }
  if (!first.every((length) => length > 0 && Number.isFinite(length))) {
    return { warnings: ["its 2D ultrasound region has no scale in centimetres, so its pixel size is unknown"] };
  }
  return { spacing: first, source: "SequenceOfUltrasoundRegions", warnings: [] };
};

type Scale = readonly [row: number, column: number];

/** Millimetres per pixel; NaN where it has another unit. Distances may be negative: the direction of the axis. */
function scaleOfRegion(region: Attributes): Scale {
  const along = (axis: "X" | "Y") =>
    region.number(`PhysicalUnits${axis}Direction`) === centimetres
      ? 10 * Math.abs(region.number(`PhysicalDelta${axis}`) ?? Number.NaN)
      : Number.NaN;
  return [along("Y"), along("X")];
}

function lengths(attributes: Attributes, keyword: string): Found {
  if (!attributes.has(keyword)) return undefined;
  const [row, column] = attributes.numbers(keyword);
  const isLength = (value: number | undefined): value is number => value !== undefined && value > 0 && Number.isFinite(value);
  if (isLength(row) && isLength(column)) return { spacing: [row, column], source: keyword, warnings: [] };
  return { warnings: [`${keyword} is ${attributes.texts(keyword).join("\\")}, which is no size of a pixel`] };
}
