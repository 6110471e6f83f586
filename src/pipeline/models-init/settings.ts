import { readFileSync } from "node:fs";
import { z } from "zod";
import { initNames } from "../../hub/init.ts";
import { purposes } from "../../hub/random-weights.ts";
import { samPresets } from "../../models/sam/index.ts";
import type { Requirement } from "../../run/settings/meta.ts";

const clipModel: Requirement = {
  words: "the name of a CLIP model",
  holds: (name) => !((name as string) in samPresets) && !holdsSam(name as string),
};

/** Whether a file has the sizes of a SAM model. A file that cannot be read is reported when the model is made. */
function holdsSam(file: string): boolean {
  try {
    return file.endsWith(".json") && "sam" in JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}

/** `medclip-sam models init`. */
export const ModelsInitSettings = z.strictObject({
  name: z
    .string()
    .describe(`${initNames.join(", ")}, or a .json file with sizes`)
    .meta({ group: "Input" }),
  seed: z.number().int().nonnegative().default(42).describe("seed of the weights").meta({ group: "Output" }),
  out: z.string().describe("folder for the model").meta({ group: "Output", placeholder: "DIR" }),
  purpose: z
    .enum(purposes)
    .default("comparison")
    .describe("whether the weights behave like trained ones (benchmark), or suit training from scratch")
    .meta({ group: "Output" }),
  vocab: z
    .string()
    .optional()
    .describe(
      "vocabulary to copy beside a CLIP model: vocab.txt for a BERT, bpe_simple_vocab_16e6.txt.gz for OpenAI's text tower, or tokenizer.json",
    )
    .meta({ group: "Input", placeholder: "FILE", mustExist: true, needs: [{ name: clipModel }] }),
});
export type ModelsInitSettings = z.infer<typeof ModelsInitSettings>;
