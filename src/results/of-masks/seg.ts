import { z } from "zod";
import { checkedOptions } from "../../check/options.ts";
import { InputError } from "../../errors.ts";
import type { Scan } from "../../scans/scan.ts";
import { carriedOn } from "../dicom/carried-on.ts";
import { segOf } from "../dicom/seg/seg-of-scan.ts";
import { checkedScan, resultOf, type StructureMasks, UsedModels } from "./structures.ts";

const where = "segFromMasks";

const Options = z.strictObject({
  kind: z
    .enum(["binary", "fractional", "labelmap"])
    .default("binary")
    .describe("Masks of 1 bit, probabilities of 8 bits, or one label a pixel"),
  keepEmpty: z.boolean().default(false).describe("Whether structures without a pixel, and empty frames, are written"),
  strip: z.boolean().default(false).describe("Whether only what the standard requires is copied from the source"),
  deterministic: z.boolean().default(false).describe("The same UIDs and times, and so the same bytes, whenever the same masks are written"),
  models: UsedModels.describe("Models that made the masks, which the object names"),
});

/** Settings of `segFromMasks`. */
export type SegFromMasksOptions = z.input<typeof Options>;

/** A segmentation object. */
export interface MadeSeg {
  /** The file (Part 10, Explicit VR Little Endian); undefined where no structure has a pixel. */
  readonly bytes: Uint8Array | undefined;
  /** What its user should know: structures that are not present, and what it carries on of the patient. Without patient data. */
  readonly warnings: readonly string[];
}

/**
 * Writes DICOM SEG of masks on a DICOM series, from memory to memory: one object with a segment for each structure, in the study and the frame of
 * reference of the series. The object is read back, and where its segments lie is compared with where the masks lie.
 *
 * @param scan - a series of `openScans`
 * @param structures - with masks in the order of the scan's frames
 * @throws InputError when the scan is not DICOM, masks do not fit it, structures of a label map overlap, or probabilities are missing
 * @throws ConfigError for options that are unknown or wrong
 * @example const { bytes } = await segFromMasks(scan, [{ label: "left lung", prompts: ["the left lung"], masks }]);
 */
export async function segFromMasks(scan: Scan, structures: readonly StructureMasks[], options: SegFromMasksOptions = {}): Promise<MadeSeg> {
  const { kind, models, ...others } = checkedOptions(Options, options, where);
  const result = resultOf(checkedScan(scan, where), structures, models, where);
  const fractional = kind === "fractional";
  const without = structures.find(({ probabilities }) => fractional && !probabilities);
  if (without)
    throw new InputError(
      `${where}: "${without.label}" has no probabilities, which a fractional segmentation holds. Add them, or write a binary one.`,
    );
  const { bytes, messages } = await segOf(result, { ...others, out: "", fractional, labelmap: kind === "labelmap" });
  return { bytes, warnings: [...carriedOn(scan, { strip: others.strip, copiesAttributes: true }), ...messages] };
}
