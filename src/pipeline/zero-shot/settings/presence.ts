import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";

/** Whether a target that is not in the image gets an empty mask. */
export const PresenceSettings = z.strictObject(
  grouped("Not present", {
    abstain: z
      .boolean()
      .optional()
      .describe("empty mask where the calibration says that the image does not show the target (default: on where there is a calibration)"),
    calibration: z
      .string()
      .optional()
      .describe("file of `calibrate` (default: that of the pack)")
      .meta({ placeholder: "FILE", mustExist: true }),
  }),
);
export type PresenceSettings = z.infer<typeof PresenceSettings>;
