import type { Attributes } from "../../../dicom/attributes.ts";

const storage = "1.2.840.10008.5.1.4.1.1";

/** SOP classes whose pixels, if they have any, are no image, with what they are. */
const classes: readonly (readonly [uid: string, what: string])[] = [
  ["1.2.840.10008.1.3.10", "a DICOM directory (DICOMDIR), which lists files"],
  [`${storage}.66.4`, "a segmentation, not an image"],
  [`${storage}.66.5`, "a surface segmentation, not an image"],
  [`${storage}.66.7`, "a label map segmentation, not an image"],
  [`${storage}.481.2`, "a radiotherapy dose, not an image"],
  [`${storage}.481.3`, "a radiotherapy structure set (RTSTRUCT), not an image"],
  [`${storage}.481.5`, "a radiotherapy plan, not an image"],
  [`${storage}.66`, "raw data, not an image"],
  [`${storage}.66.1`, "a spatial registration, not an image"],
  [`${storage}.66.2`, "a set of fiducials, not an image"],
  [`${storage}.66.3`, "a deformable spatial registration, not an image"],
  [`${storage}.66.6`, "a set of tracts, not an image"],
  [`${storage}.67`, "a real world value mapping, not an image"],
  [`${storage}.4.2`, "MR spectroscopy, not an image"],
  [`${storage}.91.1`, "a set of microscopy annotations, not an image"],
  [`${storage}.88.59`, "a key object selection, not an image"],
];

/** The same by the beginnings of their UIDs. */
const families: readonly (readonly [prefix: string, what: string])[] = [
  [`${storage}.88.`, "a structured report, not an image"],
  [`${storage}.11.`, "a presentation state, not an image"],
  [`${storage}.9.`, "a waveform, not an image"],
  [`${storage}.104.`, "an encapsulated document, not an image"],
  [`${storage}.481.`, "a radiotherapy object, not an image"],
  ["1.2.840.10008.5.1.4.38.", "a hanging protocol, not an image"],
];

/** Radiotherapy images, the exception of their family. */
const images = new Set([`${storage}.481.1`, `${storage}.481.23`]);

/**
 * Why an object is no image: of another kind, or without pixel data. For a message: `"a.dcm" is ${reason}`.
 *
 * @returns undefined for images
 */
export function notAnImage(object: { readonly attributes: Attributes; readonly hasPixelData: boolean }): string | undefined {
  const sopClass = object.attributes.text("SOPClassUID") ?? "";
  const known = classes.find(([uid]) => uid === sopClass) ?? families.find(([prefix]) => sopClass.startsWith(prefix));
  if (known && !images.has(sopClass)) return known[1];
  if (object.attributes.has("DirectoryRecordSequence")) return classes[0]![1];
  if (!object.hasPixelData) return "a DICOM object without pixel data, not an image";
  return undefined;
}
