import type { Attributes } from "./attributes.ts";

/** The item of a functional group that holds for a frame, such as that of "PixelMeasuresSequence". @param frame - from 0 */
export type FunctionalGroups = (frame: number, sequence: string) => Attributes | undefined;

/**
 * The functional groups of an enhanced multi-frame object: what is said of a frame, else what is said of all. None for other objects.
 *
 * @see DICOM PS3.3, C.7.6.16
 */
export function functionalGroups(attributes: Attributes): FunctionalGroups {
  const [shared] = attributes.items("SharedFunctionalGroupsSequence");
  const perFrame = attributes.items("PerFrameFunctionalGroupsSequence");
  return (frame, sequence) => perFrame[frame]?.items(sequence)[0] ?? shared?.items(sequence)[0];
}
