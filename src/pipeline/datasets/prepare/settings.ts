import { z } from "zod";
import { keysOf } from "../../../keys-of.ts";
import { grouped } from "../../../run/settings/meta.ts";
import { dataSets } from "../data-sets.ts";

/** `medclip-sam datasets prepare`. */
export const DatasetsPrepareSettings = z.strictObject(
  grouped("Input", {
    name: z.enum(keysOf(dataSets)).describe("data set, see `datasets list`"),
    folder: z
      .string()
      .describe("folder with the downloaded and unpacked files")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    out: z
      .string()
      .describe("folder for images, masks or captions, classes and run.json")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    test: z
      .string()
      .optional()
      .describe(
        "names of the test images: a JSON file whose keys are file names, such as the paper's prompt files, or a text file with one name per line",
      )
      .meta({ placeholder: "FILE", mustExist: true, neutral: true }),
    shareGroups: z
      .boolean()
      .default(false)
      .describe("let train and val have other images of the patients, cases or articles of --test; without it they are left out")
      .meta({ needs: [{ test: "given" }] }),
    split: z
      .array(z.string())
      .optional()
      .describe(
        "share of a split, such as train=0.7; the shares of train, val and test sum to 1 and replace the data set's own splits. Default: the data set's own splits, else the proportions of the paper",
      )
      .meta({ placeholder: "NAME=SHARE" }),
    seed: z.number().int().nonnegative().default(42).describe("seed of splits that the data set does not come with"),
    target: z
      .enum(["lungs", "infection"])
      .default("lungs")
      .describe("which masks are taken")
      .meta({ needs: [{ name: ["covid-qu-ex"] }] }),
    normal: z
      .enum(["keep", "leave-out"])
      .default("keep")
      .describe("images without a lesion: keep them with empty masks, or leave them out")
      .meta({ needs: [{ name: ["busi"] }] }),
    overwrite: z
      .boolean()
      .default(false)
      .describe("replace what other settings or other splits made")
      .meta({ group: "Output", neutral: true }),
  }),
);
export type DatasetsPrepareSettings = z.infer<typeof DatasetsPrepareSettings>;
