import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { modalitiesIn } from "../../../text/modality-words.ts";
import { PromptSetSettings } from "../../zero-shot/settings/run.ts";
import { SaliencySettings } from "../../zero-shot/settings/saliency.ts";

const sources = ["file", "prompt", "promptSet"] as const;

/** `medclip-sam prompts lint`. */
export const PromptsLintSettings = z
  .strictObject(
    grouped("Input", {
      file: z
        .string()
        .optional()
        .describe("JSON file of text prompts by file name, or of prompt sets")
        .meta({ mustExist: true, excludes: ["prompt", "promptSet"] }),
      prompt: z
        .array(z.string())
        .optional()
        .describe("text prompt; pass it several times for an ensemble")
        .meta({ placeholder: "TEXT", excludes: ["file", "promptSet"] }),
      promptSet: PromptSetSettings.shape.promptSet.meta({ excludes: ["file", "prompt"] }),
      images: z
        .array(z.string())
        .default([])
        .describe("images and folders that the text prompts are for: keys must match their names, and words the modality of DICOM files")
        .meta({ placeholder: "PATH", mustExist: true }),
      modality: z
        .string()
        .refine((text) => modalitiesIn(text).length === 1, "expected the name of one modality, such as ultrasound, X-ray, CT or MRI")
        .optional()
        .describe("modality of the images, which words of the text prompts must not contradict")
        .meta({ placeholder: "NAME" }),
      ...SaliencySettings.pick({ pack: true, clip: true, clipConfig: true }).shape,
      json: z.string().optional().describe("write the problems to this file").meta({ group: "Output", placeholder: "FILE" }),
    }),
  )
  .refine((settings) => sources.filter((name) => settings[name] !== undefined).length === 1, {
    error: "give text prompts in one way: FILE.json, --prompt TEXT (repeat for an ensemble), or --prompt-set TASK/SET",
  });
export type PromptsLintSettings = z.infer<typeof PromptsLintSettings>;
