import { InputError } from "../../errors.ts";

/** What the images of a file are called, by its format. */
const nouns: Readonly<Record<string, string>> = { tiff: "page", nifti: "slice" };

/** How to get a file for each of them: of what is shown, and of labels. */
const ways = {
  image: (file: string) =>
    `\`medclip-sam inspect "${file}" --png DIR\` writes each as a picture of its own; segment takes the file as it is.`,
  labels: (file: string) => `\`medclip-sam convert "${file}" --out DIR\` writes its labels as masks, slice by slice.`,
} as const;

/**
 * The error of a file of several images where one is wanted, as any choice could be wrong.
 *
 * @param use - what the file is read as; undefined: a picture of any use
 */
export function severalImages(file: string, count: number, format: string | undefined, use?: keyof typeof ways): InputError {
  const noun = nouns[format ?? ""] ?? "image";
  const way = use ? ways[use](file) : `Save the ${noun} that is meant as a file of its own first.`;
  return new InputError(`"${file}" holds ${count} ${noun}s; one is expected. ${way}`);
}
