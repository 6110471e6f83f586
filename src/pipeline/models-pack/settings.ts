import { z } from "zod";
import { modelKinds } from "../../hub/registry.ts";
import { grouped } from "../../run/settings/meta.ts";

/** `medclip-sam models pack`. */
export const ModelsPackSettings = z.strictObject({
  ...grouped("Input", {
    models: z.array(z.string()).min(1).describe("short names, or owner/repository of models in the Hugging Face cache"),
    kind: z.enum(modelKinds).optional().describe("what a repository without a short name holds"),
  }),
  ...grouped("Output", { out: z.string().describe("file for the bundle").meta({ placeholder: "FILE" }) }),
});
export type ModelsPackSettings = z.infer<typeof ModelsPackSettings>;

/** `medclip-sam models unpack`. */
export const ModelsUnpackSettings = z.strictObject({
  ...grouped("Input", {
    file: z.string().describe("bundle that `models pack` has written").meta({ placeholder: "FILE", mustExist: true }),
    acceptChanged: z.boolean().default(false).describe("take models that differ from those of the first download, and pin them instead"),
  }),
  ...grouped("Output", {
    into: z.string().optional().describe("folder for plain model folders (default: the Hugging Face cache)").meta({ placeholder: "DIR" }),
  }),
});
export type ModelsUnpackSettings = z.infer<typeof ModelsUnpackSettings>;
