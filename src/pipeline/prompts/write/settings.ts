import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { promptTasks } from "../../../targets/prompt-sets/set-name.ts";
import { CommonSettings, dryRun } from "../../settings.ts";

/** `medclip-sam prompts write`. */
export const PromptsWriteSettings = z
  .strictObject({
    ...grouped("Input", {
      task: z
        .enum(promptTasks)
        .optional()
        .describe("target and modality of a task with prompt sets")
        .meta({ excludes: ["target", "modality"] }),
      target: z
        .string()
        .min(1)
        .optional()
        .describe('what the sentences describe, such as "liver"')
        .meta({ placeholder: "TEXT", excludes: ["task"] }),
      modality: z
        .string()
        .min(1)
        .optional()
        .describe('modality of the images, such as "CT"')
        .meta({ placeholder: "TEXT", excludes: ["task"] }),
      class: z
        .array(z.string().min(1))
        .refine((names) => new Set(names).size === names.length, "expected each class once")
        .default([])
        .describe("class of which sentences are written, too, for the sets P3 and P5; repeat for several")
        .meta({ placeholder: "NAME" }),
      count: z.number().int().min(1).max(100).default(20).describe("sentences of each list"),
      baseUrl: z
        .url({ protocol: /^https?$/ })
        .describe("address of an endpoint with OpenAI's interface, such as http://localhost:11434/v1; its key is taken from OPENAI_API_KEY")
        .meta({ placeholder: "URL" }),
      model: z.string().min(1).describe("name of the language model at that address").meta({ placeholder: "NAME" }),
      temperature: z.number().min(0).max(2).default(0.7).describe("how freely the language model chooses its words"),
      seed: CommonSettings.shape.seed.describe("seed that the language model is asked to use").meta({ group: "Input" }),
      schema: z
        .boolean()
        .default(true)
        .describe("ask the endpoint for JSON of a schema; without, in words alone, for endpoints that know none"),
      timeout: z.number().positive().max(3600).default(120).describe("longest time of a request").meta({ unit: "s" }),
      retries: z
        .number()
        .int()
        .min(0)
        .max(10)
        .default(2)
        .describe("how often a request is sent again when the endpoint is busy, fails or does not answer in time"),
    }),
    ...grouped("Output", {
      out: z.string().describe("prompt set file to write").meta({ placeholder: "FILE" }),
      overwrite: z.boolean().default(false).describe("write the sentences anew, though the file holds others"),
      dryRun: dryRun.describe("show what would be sent, without sending it"),
    }),
  })
  .refine(({ task, target, modality }) => (task === undefined ? target !== undefined && modality !== undefined : !target && !modality), {
    error: "say what to describe: --target TEXT with --modality TEXT, or --task NAME",
  });
export type PromptsWriteSettings = z.infer<typeof PromptsWriteSettings>;
