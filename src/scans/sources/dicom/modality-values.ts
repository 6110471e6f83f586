import type { DataSet } from "../../../dicom/data-set.ts";
import type { FunctionalGroups } from "../../../dicom/functional-groups.ts";
import { entryOf, lookupTable } from "../../../dicom/lookup-table.ts";
import type { SampleArray } from "../image-source.ts";
import type { PixelFormat } from "./pixel-format.ts";
import type { StoredFrame } from "./stored-frames.ts";

/** How stored values become values of the modality, such as Hounsfield units. */
export interface ModalityRule {
  /** Whether the values are those that are stored. */
  readonly isIdentity: boolean;
  /** In float64. */
  value(stored: number): number;
}

const identity: ModalityRule = { isIdentity: true, value: (stored) => stored };

/** A rescale is no number. The message has no file. */
export class RescaleError extends Error {}

/**
 * The rule of a frame: a lookup table, else slope and intercept, of its functional groups or of the object.
 *
 * @throws LookupError, RescaleError
 */
export function modalityRule(attributes: DataSet, groups: FunctionalGroups, frame: number, { isSigned }: PixelFormat): ModalityRule {
  const [item] = attributes.items("ModalityLUTSequence");
  if (item) {
    const table = lookupTable(item, { descriptor: "LUTDescriptor", data: "LUTData" }, isSigned);
    return { isIdentity: false, value: (stored) => entryOf(table, stored) };
  }
  const rescale = groups(frame, "PixelValueTransformationSequence") ?? attributes;
  const [slope, intercept] = [rescale.number("RescaleSlope") ?? 1, rescale.number("RescaleIntercept") ?? 0];
  if (!Number.isFinite(slope) || !Number.isFinite(intercept)) {
    throw new RescaleError(`its rescale has the slope ${slope} and the intercept ${intercept}; expected numbers`);
  }
  return slope === 1 && intercept === 0 ? identity : { isIdentity: false, value: (stored) => stored * slope + intercept };
}

/** The values of a frame: the stored array where nothing changes, else float32 of float64 results. */
export function modalityValues({ data }: StoredFrame, rule: ModalityRule): SampleArray {
  if (rule.isIdentity) return data instanceof Float64Array ? Float32Array.from(data) : data;
  const values = new Float32Array(data.length);
  for (let i = 0; i < values.length; i++) values[i] = rule.value(data[i]!);
  return values;
}
