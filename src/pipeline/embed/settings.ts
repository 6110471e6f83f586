import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings.ts";

/** `medclip-sam embed`. */
export const EmbedSettings = z.strictObject(
  grouped("Input", {
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ pack: true, clip: true, clipConfig: true, fit: true }).shape,
    inputs: z.array(z.string()).default([]).describe("images and folders").meta({ mustExist: true }),
    text: z.array(z.string()).default([]).describe("sentences").meta({ placeholder: "TEXT" }),
    out: z.string().describe("safetensors file for the embeddings").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type EmbedSettings = z.infer<typeof EmbedSettings>;
