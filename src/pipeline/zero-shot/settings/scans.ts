import { z } from "zod";
import { scanFormats } from "../../../results/scan-formats.ts";
import { grouped, type Requirement } from "../../../run/settings/meta.ts";
import type { Scan } from "../../../scans/scan.ts";
import type { ScanSettings } from "../../settings.ts";

/** For settings that compare neighbouring slices, which every Nth ones are not. */
export const neighbouring: Requirement = {
  words: "neighbouring slices",
  holds: (slices) => typeof slices !== "string" || !slices.startsWith("every:"),
};

/** How the masks of a volume's slices are made consistent with one another. */
export const VolumeSettings = z.strictObject(
  grouped("Volumes", {
    propagate: z
      .boolean()
      .default(false)
      .describe("prompt each slice of a volume with the mask of its neighbour, from the surest slices on; up to three times the time")
      .meta({ needs: [{ slices: neighbouring }] }),
    smoothSlices: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe("smooth the masks of a volume across slices: the majority of so many slices to each side; 0: off")
      .meta({ needs: [{ slices: neighbouring }] }),
    componentShare: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("drop connected parts of a volume's mask that are smaller than this share of the largest; 0: keep all")
      .meta({ needs: [{ slices: neighbouring }] }),
  }),
);
export type VolumeSettings = z.infer<typeof VolumeSettings>;

/** Whether the masks of a scan's slices are changed once all are there. */
export function isMadeConsistent(scan: Scan, settings: VolumeSettings & Pick<ScanSettings, "slices">): boolean {
  const { propagate, componentShare, smoothSlices, slices } = settings;
  const changes = propagate || componentShare > 0 || smoothSlices > 0;
  return scan.isVolume && scan.frames.length > 1 && neighbouring.holds(slices) && changes;
}

/** How the results of scans are written, beside PNG. */
export const FormatSettings = z.strictObject(
  grouped("Output", {
    format: z
      .array(z.enum(scanFormats))
      .optional()
      .describe("format of the results beside PNG; repeat for several (default: dicom-seg for DICOM, nifti for NIfTI)")
      .meta({ neutral: true }),
    fractional: z
      .boolean()
      .default(false)
      .describe("also write SAM's probabilities in the masks, 0 to 255, and a fractional DICOM SEG of them instead of a binary one"),
    strip: z.boolean().default(false).describe("copy from a DICOM source only what the standard requires").meta({ neutral: true }),
    deterministic: z
      .boolean()
      .default(false)
      .describe("give DICOM objects the same UIDs and times at each export of the same masks")
      .meta({ neutral: true }),
  }),
);
