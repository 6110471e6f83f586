import { beginsLike } from "./first-bytes.ts";
import type { ImageSource, NamedBytes } from "./image-source.ts";
import { firstInside } from "./nifti/content.ts";
import { imageSources } from "./table.ts";

/** The source that reads a file, by its first bytes, or those inside a gzip file. @param bytes - at least `headLength` of them, or all of a shorter file */
export function sourceOf(bytes: Uint8Array): ImageSource | undefined {
  const head = firstInside(bytes);
  return Object.values<ImageSource>(imageSources).find(({ firstBytes }) => firstBytes.some((signature) => beginsLike(head, signature)));
}

/** The source that a file's name promises, whose message says best what is wrong with it. */
export function promisedSource({ name }: Pick<NamedBytes, "name">): ImageSource | undefined {
  if (/\.(nii|hdr|img)(\.gz)?$/i.test(name)) return imageSources.nifti;
  return /\.(dcm|dicom|ima)$/i.test(name) ? imageSources.dicom : undefined;
}
