import { InputError } from "../../errors.ts";

/** nnU-Net's class for files of an ending. JPEG is not among those that it looks for, but its reader of pictures opens such files. */
const imageReaders: readonly (readonly [reader: string, endings: RegExp])[] = [
  ["NaturalImage2DIO", /^\.(png|jpe?g|tiff?|webp|bmp)$/i],
  ["SimpleITKIO", /^\.nii(\.gz)?$/i],
];

/** nnU-Net's name of the class that reads images of an ending. @throws InputError for an ending that is not supported */
export function imageReaderOf(ending: string): string {
  const row = imageReaders.find(([, endings]) => endings.test(ending));
  if (row) return row[0];
  throw new InputError(
    `Images "*${ending}" cannot be read; expected .png, .jpg, .tif, .webp, .bmp, .nii or .nii.gz. Convert them, and write the new "file_ending" into dataset.json.`,
  );
}

/** Endings of images that can be predicted by a model that was trained on others of the kind: pictures, or NIfTI. */
export function imageEndings(ending: string): readonly string[] {
  const kinds = [
    [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"],
    [".nii.gz", ".nii"],
  ];
  return kinds.find((kind) => kind.includes(ending.toLowerCase())) ?? [ending];
}
