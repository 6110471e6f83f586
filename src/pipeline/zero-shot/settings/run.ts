import { z } from "zod";
import { type Condition, grouped } from "../../../run/settings/meta.ts";
import { promptSetKinds } from "../../../targets/prompt-sets/kinds.ts";
import { promptSetExpected, promptSetName } from "../../../targets/prompt-sets/set-name.ts";
import { dryRun } from "../../settings.ts";

/** Text prompts from a set, by which a run can choose among several ways to describe the same target. */
export const PromptSetSettings = z.strictObject(
  grouped("Input", {
    promptSet: z
      .string()
      .refine((text) => promptSetName(text) !== undefined, `expected ${promptSetExpected}`)
      .optional()
      .describe(
        "set of text prompts: TASK/P0 to P5 or appearance of the sets that come with the package (prompts list), or FILE.json#P2 of your own",
      )
      .meta({ placeholder: "TASK/SET", neutral: true, excludes: ["prompt", "target", "prompts"] }),
    classAware: z
      .string()
      .optional()
      .describe(
        "CSV (filename,class) or JSON file with the class of each image, for the sets P1, P3 and P5 that name it; such results are not zero-shot",
      )
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, needs: [{ promptSet: "given" }] }),
  }),
);

/** The setting whose value is a prompt set that draws a sentence for each image. */
export const fromDraws: Condition = {
  promptSet: {
    words: "a prompt set that draws its sentences",
    holds: (text) => typeof text === "string" && drawsSentences(text),
  },
};

function drawsSentences(text: string): boolean {
  const found = promptSetName(text);
  return found !== undefined && promptSetKinds[found.kind].draws;
}

/** Settings of a run over images beside those of its steps. */
export const RunSettings = z.strictObject(
  grouped("Input", {
    inputs: z.array(z.string()).min(1).describe("images and folders (searched recursively)").meta({ mustExist: true, neutral: true }),
    prompt: z
      .array(z.string().min(1))
      .optional()
      .describe("text prompt; pass it several times for an ensemble")
      .meta({ placeholder: "TEXT", neutral: true, excludes: ["target", "prompts", "promptSet"] }),
    target: z
      .array(z.string().min(1))
      .optional()
      .describe("NAME=TEXT: a named target with its text prompt, for several targets; repeat a name for an ensemble")
      .meta({ placeholder: "NAME=TEXT", neutral: true, excludes: ["prompt", "prompts", "promptSet"] }),
    prompts: z
      .string()
      .optional()
      .describe('JSON file that maps file names to a text prompt, a list of them, or { NAME: prompt }; "*" for all others')
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, excludes: ["prompt", "target", "promptSet"] }),
    ...PromptSetSettings.shape,
    out: z.string().describe("folder for the results").meta({ group: "Output", placeholder: "DIR", neutral: true }),
    raw: z.boolean().default(false).describe("also write the float32 arrays behind the images").meta({ group: "Output", neutral: true }),
    overwrite: z.boolean().default(false).describe("replace results that other settings made").meta({ group: "Output", neutral: true }),
    dryRun,
  }),
);

/** What a step that reads no text has no settings for. */
export const withoutText = { prompt: true, target: true, prompts: true, promptSet: true, classAware: true } as const;

/** The settings of which one gives the text prompts of a run. */
const promptSources = ["prompt", "target", "prompts", "promptSet"] as const;

const sourcesIn = (settings: Partial<Pick<z.infer<typeof RunSettings>, (typeof promptSources)[number]>>): number =>
  promptSources.filter((name) => settings[name] !== undefined).length;
const textPrompts = (settings: Parameters<typeof sourcesIn>[0]) => sourcesIn(settings) === 1;
const promptMessage = {
  error: ({ input }: { readonly input?: unknown }) => {
    const isNone = sourcesIn(input as Parameters<typeof sourcesIn>[0]) === 0;
    return `${isNone ? "no text prompt: pass" : "give text prompts in one way only:"} --prompt TEXT (repeat for an ensemble), --target NAME=TEXT (repeat for several targets), --prompts FILE.json, or --prompt-set TASK/SET`;
  },
};

/** Refuses settings without a text prompt, and those with two sources of it. */
export const onePromptSource = [textPrompts, promptMessage] as const;
