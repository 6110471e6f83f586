import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { EverythingOptions } from "../../segment/index.ts";
import { CommonSettings, ScanSettings, spacing } from "../settings.ts";
import { RefineSettings } from "../zero-shot/settings/refine.ts";
import { RunSettings } from "../zero-shot/settings/run.ts";

/** `medclip-sam everything`. */
export const EverythingSettings = z.strictObject({
  ...RunSettings.pick({ inputs: true, out: true, overwrite: true, dryRun: true }).shape,
  ...ScanSettings.shape,
  ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
  ...RefineSettings.pick({ pack: true, sam: true, samVariant: true, samPrecision: true, cache: true }).shape,
  ...grouped("Regions", EverythingOptions.shape),
  spacing,
});
export type EverythingSettings = z.infer<typeof EverythingSettings>;
