import { axisCodes, type Direction, planeOf, planes } from "../../axes.ts";
import type { DisplayedImage, Frame, NamedBytes, StoredPixels } from "../image-source.ts";
import { percentilesOf } from "../percentiles.ts";
import { type NiftiFile, type NiftiVolume, readNifti } from "./read-nifti.ts";

/**
 * The slices of a NIfTI file along its third axis, in the order of the file: columns are its first axis, rows its second. Of a file with more
 * than three axes the first volume alone, with a warning.
 *
 * @throws InputError as `readNifti`
 */
export async function niftiFrames(content: NamedBytes): Promise<Frame[]> {
  const file = await readNifti(content);
  const { shape, datatype, volumes, position } = file;
  const { data, withGaps, warnings: ofVolume } = file.volume(0);
  const several = volumes > 1 ? [`has ${volumes} volumes (${file.axes} axes), of which only the first is read`] : [];
  const warnings = [...several, ...file.warnings, ...ofVolume];
  const [width, height, slices] = shape;
  const { samples } = datatype;
  const { placement, hasSpacing } = position;
  const geometry = hasSpacing
    ? ({ spacing: [placement.spacing[1], placement.spacing[0]], placement, axes: file.axes } as const)
    : undefined;
  const toBytes = displayRule(file, withGaps);
  const orientation = orientationWarning(file);
  return Array.from({ length: slices }, (_, slice): Frame => {
    const [start, end] = [slice * width * height * samples, (slice + 1) * width * height * samples];
    const pixels: StoredPixels = {
      width,
      height,
      space: samples === 1 ? "gray" : "rgb",
      channels: samples,
      hasAlpha: false,
      stride: samples,
      bitDepth: datatype.bits / samples,
      data: data.subarray(start, end),
    };
    return {
      pixels,
      ...(geometry && { geometry }),
      format: "nifti",
      warnings,
      display: async () => displayed(pixels, toBytes, orientation),
    };
  });
}

/** From a value to its level of gray, and what to say about it. */
interface DisplayRule {
  readonly level: (value: number) => number;
  readonly warnings: readonly string[];
}

/** Shares of a volume's values that are shown as black and as white. */
const blackAndWhite = [0.005, 0.995] as const;

/**
 * Unsigned 8-bit values are shown as they are. All others: the 0.5 % percentile of the whole volume becomes 0, the 99.5 % percentile 255, halves
 * are rounded up; a constant volume is black. The percentiles are searched when the first slice is shown.
 */
function displayRule({ datatype }: NiftiFile, values: NiftiVolume["withGaps"]): () => DisplayRule {
  if (values instanceof Uint8Array) return () => ({ level: (value) => value, warnings: [] });
  let rule: DisplayRule | undefined;
  return () => {
    if (rule) return rule;
    const [low, high] = percentilesOf(values, blackAndWhite) as [number, number];
    const level = (value: number) => (high > low ? Math.floor(255 * Math.min(Math.max((value - low) / (high - low), 0), 1) + 0.5) : 0);
    const range = high > low ? `${low} to ${high} (0.5 % and 99.5 % percentiles)` : `${low}, all the same,`;
    rule = { level, warnings: [`${datatype.name} values of ${range} were mapped to ${high > low ? "0 to 255" : "0"}`] };
    return rule;
  };
}

function displayed({ width, height, stride, data }: StoredPixels, ruleOf: () => DisplayRule, orientation: string[]): DisplayedImage {
  const { level, warnings } = ruleOf();
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = level(data[i * stride + (stride === 3 ? c : 0)]!);
  }
  return { image: { width, height, data: rgb }, warnings: [...warnings, ...orientation] };
}

const words: Record<Direction, string> = { R: "right", L: "left", A: "front", P: "back", S: "head", I: "feet" };

/** Models see slices as they are stored, so a picture that lies otherwise than radiological ones is named. */
function orientationWarning({ position: { placement, hasOrientation } }: NiftiFile): string[] {
  if (!hasOrientation) return [];
  const [column, row, across] = axisCodes(placement);
  const plane = planeOf([column, row, across]);
  const [usualColumn, usualRow] = planes[plane];
  if (column === usualColumn && row === usualRow) return [];
  return [
    `its ${plane} slices are shown as stored, columns to the patient's ${words[column]} and rows to the ${words[row]}; radiological pictures have ${words[usualColumn]} and ${words[usualRow]}`,
  ];
}
