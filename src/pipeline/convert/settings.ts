import { z } from "zod";
import { scanFormats } from "../../results/scan-formats.ts";
import { grouped } from "../../run/settings/meta.ts";
import { sliceAxes } from "../../scans/sources/nifti/nifti.ts";

/** `medclip-sam convert`. */
export const ConvertSettings = z.strictObject({
  ...grouped("Input", {
    file: z
      .string()
      .optional()
      .describe("DICOM SEG, RTSTRUCT or NIfTI file with labels, to be read into masks")
      .meta({ placeholder: "FILE", mustExist: true }),
    masks: z
      .string()
      .optional()
      .describe(
        "folder with masks/0001.png ... or, for several targets, masks_<TARGET>/0001.png, numbered as `inspect` numbers frames; or output folder of `segment`",
      )
      .meta({ placeholder: "DIR", mustExist: true }),
    source: z
      .string()
      .optional()
      .describe("images that the masks belong to: a file or folder")
      .meta({ placeholder: "PATH", mustExist: true }),
    group: z
      .string()
      .optional()
      .describe("group of the source, as `inspect` names it, where there are several")
      .meta({ placeholder: "NAME" }),
    targets: z
      .array(z.string())
      .default([])
      .describe("targets in their order, separated by commas; default: all, by name")
      .meta({ placeholder: "A,B" }),
    axis: z
      .enum(sliceAxes)
      .optional()
      .describe("plane of the slices by which masks are numbered (default: as acquired for DICOM, axial for NIfTI)"),
  }),
  ...grouped("Output", {
    out: z.string().describe("folder for the results").meta({ placeholder: "DIR" }),
    format: z
      .enum(scanFormats)
      .optional()
      .describe("what the masks become")
      .meta({ needs: [{ masks: "given" }] }),
    fractional: z
      .boolean()
      .default(false)
      .describe("gray levels of masks are probabilities, and so are those of a DICOM SEG")
      .meta({ needs: [{ format: ["dicom-seg"] }] }),
    labelmap: z
      .boolean()
      .default(false)
      .describe("write a DICOM SEG as a label map, which few programs read so far")
      .meta({ needs: [{ format: ["dicom-seg"] }] }),
    keepEmpty: z
      .boolean()
      .default(false)
      .describe("write targets that are empty everywhere, and empty frames, too")
      .meta({ needs: [{ format: ["dicom-seg", "rtstruct"] }] }),
    strip: z
      .boolean()
      .default(false)
      .describe("copy from the source only what the standard requires")
      .meta({ needs: [{ format: ["dicom-seg", "rtstruct", "sr", "secondary-capture"] }] }),
    deterministic: z
      .boolean()
      .default(false)
      .describe("the same UIDs and times at each export of the same masks")
      .meta({ needs: [{ format: ["dicom-seg", "rtstruct", "sr", "secondary-capture"] }] }),
  }),
});
export type ConvertSettings = z.infer<typeof ConvertSettings>;
