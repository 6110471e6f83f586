/**
 * Sentences that name nothing in particular, or nothing that a scan shows. How much better than these an image fits the text prompt is on a
 * scale that the wording of an image's own kind does not move.
 */
export const nullPrompts: readonly string[] = [
  "a medical image",
  "an image",
  "a scan of a patient",
  "a normal scan without findings",
  "an empty background",
  "random noise",
  "a blank page",
  "a photograph of a street",
  "a dog on a sofa",
  "a diagram with text",
];
