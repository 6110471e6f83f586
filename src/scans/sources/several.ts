import { InputError } from "../../errors.ts";

/** What the images of a file are called, by its format. */
const nouns: Readonly<Record<string, string>> = { tiff: "page", nifti: "slice" };

/** The error of a file of several images where one is wanted, as any choice could be wrong. */
export function severalImages(file: string, count: number, format: string | undefined): InputError {
  const noun = nouns[format ?? ""] ?? "image";
  return new InputError(`"${file}" holds ${count} ${noun}s; one is expected. Save the ${noun} that is meant as a file of its own first.`);
}
