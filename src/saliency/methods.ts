import { gradcam } from "./gradcam.ts";
import { m2ib } from "./m2ib.ts";
import { nib } from "./nib.ts";
import { patchText } from "./patch-text.ts";
import type { OpenSaliencyMethod } from "./saliency-method.ts";

/** The saliency methods by their names on the command line. A new method is one file and one row here. */
export const saliencyMethods = {
  m2ib,
  gradcam,
  nib,
  "patch-text": patchText,
} as const satisfies Record<string, OpenSaliencyMethod>;

/** The name of a saliency method. */
export type SaliencyMethodName = keyof typeof saliencyMethods;
