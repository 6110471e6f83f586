import { z } from "zod";
import { grouped, type Requirement } from "../../run/settings/meta.ts";
import { CommonSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings/saliency.ts";

const images: Requirement = { words: "images", holds: (inputs) => (inputs as readonly string[]).length > 0 };
const { pack, fit } = SaliencySettings.shape;

/** `medclip-sam embed`. */
export const EmbedSettings = z.strictObject(
  grouped("Input", {
    ...CommonSettings.pick({ device: true, threads: true }).shape,
    ...SaliencySettings.pick({ clip: true, clipConfig: true }).shape,
    mode: CommonSettings.shape.mode.meta({ needs: [{ inputs: images }] }),
    // Beside the model, a pack gives `fit`.
    pack: pack.meta({ needs: [{ clip: "absent" }, { inputs: images }] }),
    fit: fit.meta({ needs: [{ inputs: images }] }),
    inputs: z.array(z.string()).default([]).describe("images and folders").meta({ mustExist: true }),
    text: z.array(z.string()).default([]).describe("sentences").meta({ placeholder: "TEXT" }),
    out: z.string().describe("safetensors file for the embeddings").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type EmbedSettings = z.infer<typeof EmbedSettings>;
