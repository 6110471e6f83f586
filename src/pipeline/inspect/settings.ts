import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { sliceAxes } from "../../scans/sources/nifti/nifti.ts";

/** `medclip-sam inspect`. */
export const InspectSettings = z.strictObject(
  grouped("Input", {
    inputs: z.array(z.string()).min(1).describe("images, DICOM files, NIfTI volumes, and folders with them").meta({ mustExist: true }),
    axis: z
      .enum(sliceAxes)
      .optional()
      .describe(
        "plane in which volumes are cut into slices (default: as acquired for DICOM, axial for NIfTI); stored: the third axis of a NIfTI file, rows and columns as they are",
      ),
    json: z.string().optional().describe("write what was found to this file").meta({ group: "Output", placeholder: "FILE" }),
    png: z
      .string()
      .optional()
      .describe("write each frame as a model sees it: DIR/GROUP/0001.png, in slice order")
      .meta({ group: "Output", placeholder: "DIR" }),
    values: z
      .string()
      .optional()
      .describe("write the values of each group, such as Hounsfield units: DIR/GROUP.npy, float32 [frames, rows, columns]")
      .meta({ group: "Output", placeholder: "DIR" }),
  }),
);
export type InspectSettings = z.infer<typeof InspectSettings>;
