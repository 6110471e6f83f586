import { isDicom } from "../../dicom/first-bytes.ts";
import { InputError } from "../../errors.ts";
import { beginsLike, type Signature } from "./first-bytes.ts";
import { firstInside } from "./nifti/content.ts";
import { niftiSignatures } from "./nifti/header.ts";
import { pictureFormats } from "./raster-formats.ts";

/** A format that is recognised but not supported. */
interface ForeignFormat {
  readonly kind: "unread";
  readonly name: string;
  readonly firstBytes: Signature;
}

/** Formats recognised for error messages only. A format that becomes supported moves to `sourceFiles`. */
const foreignFormats: readonly ForeignFormat[] = [
  { kind: "unread", name: "JPEG 2000", firstBytes: [[0, "\0\0\0\x0cjP  "]] },
  { kind: "unread", name: "JPEG 2000", firstBytes: [[0, "\xff\x4f\xff\x51"]] },
  { kind: "unread", name: "AVIF", firstBytes: [[4, "ftypavif"]] },
  { kind: "unread", name: "HEIF", firstBytes: [[4, "ftyphei"]] },
];

/** The recognised but unsupported format of a file. */
export function foreignFormatOf(head: Uint8Array): ForeignFormat | undefined {
  return foreignFormats.find(({ firstBytes }) => beginsLike(head, firstBytes));
}

/** The error of a file in an unsupported format, or in none that is read where a picture is wanted. */
export function unreadable({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }): InputError {
  const format = foreignFormatOf(bytes);
  const head = firstInside(bytes);
  const isNifti = niftiSignatures.some((signature) => beginsLike(head, signature));
  if (isNifti || isDicom(bytes)) {
    const found = isNifti ? "NIfTI" : "DICOM";
    return new InputError(`"${name}" is a ${found} file; expected a ${pictureFormats} image here. Convert it to PNG first.`);
  }
  return new InputError(
    format
      ? `"${name}" is a ${format.name} file, which is not supported. Convert it to PNG first.`
      : `"${name}" is not a ${pictureFormats} image, despite its name`,
  );
}
