import { listed } from "../../../listed.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { countOf } from "../../../scans/names.ts";
import type { Target } from "../../../targets/target.ts";

/** The text prompts of a run. */
export interface TextPrompts {
  /** All targets of the run. They depend on the prompts file or the prompt set only, not on the images, so that adding images changes nothing. */
  readonly all: readonly Target[];
  /** The targets of an image, for each of the text prompts that images of the run can have. */
  readonly entries: readonly (readonly Target[])[];
  /** The targets of an image with their text prompts; undefined if there are none for it. */
  readonly of: (image: ImageInput) => readonly Target[] | undefined;
  /** Warnings for the user. */
  readonly warnings: readonly string[];
}

/** What is said of images that have no text prompt. @param what - is missing: "text prompt" */
export function withoutPrompt(images: readonly ImageInput[], what: string, otherwise = ""): string[] {
  if (images.length === 0) return [];
  return [`no ${what} for ${countOf(images.length, "image")}${otherwise}: ${listed(images, 5, ({ path }) => `"${path}"`)}`];
}
