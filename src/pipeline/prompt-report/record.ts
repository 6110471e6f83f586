import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic-write.ts";
import { readJson } from "../../files/read-json.ts";
import { keysOf } from "../../keys-of.ts";
import { promptReport } from "../../scans/results-of-runs.ts";
import { promptKinds } from "./wordings.ts";

const Mean = z.strictObject({ mean: z.number().nullable(), n: z.number() });
const Means = z.strictObject({ pearson: Mean, rank: Mean, iou: Mean, margin: Mean });

const PromptReportFile = z.strictObject({
  version: z.string(),
  target: z.string(),
  settings: z.record(z.string(), z.unknown()),
  /** Files of the models with their SHA-256. */
  weights: z.record(z.string(), z.looseObject({ file: z.string(), sha256: z.string() })),
  /** Notices about the models. */
  notices: z.array(z.string()),
  verdict: z.strictObject({ reads: z.enum(["sentence", "words", "picture", "unknown"]), sentence: z.string(), rule: z.string() }),
  /** Text prompts by their ids, with means over the images. */
  prompts: z.record(
    z.string(),
    z.strictObject({
      kind: z.enum(keysOf(promptKinds)),
      text: z.string(),
      /** How the model reads it: unknown words, no content. */
      warnings: z.array(z.string()),
      /** Mean cosine similarity with the images. */
      score: z.number().nullable(),
      emptyMasks: z.number(),
      /** Compared with the right text prompt; absent for that itself. */
      compared: Means.optional(),
    }),
  ),
  /** Means over images and the text prompts of a kind. */
  kinds: z.record(z.string(), Means),
  images: z.array(
    z.strictObject({
      name: z.string(),
      file: z.string(),
      warnings: z.array(z.string()),
      scores: z.record(z.string(), z.number()),
      compared: z.record(
        z.string(),
        z.strictObject({ pearson: z.number().nullable(), rank: z.number().nullable(), iou: z.number(), margin: z.number() }),
      ),
      /** Pictures of map and mask below the folder, by text prompt, of the images that the page shows. */
      pictures: z.record(z.string(), z.string()).optional(),
    }),
  ),
  failed: z.array(z.strictObject({ name: z.string(), file: z.string(), message: z.string() })),
});
/** `prompt-report.json` */
export type PromptReportFile = z.infer<typeof PromptReportFile>;

/** The file of a report in its folder. */
export const promptReportFile = (folder: string): string => join(folder, promptReport.file);

export async function writePromptReport(folder: string, content: PromptReportFile): Promise<void> {
  await writeAtomic(promptReportFile(folder), `${JSON.stringify(content, null, 1)}\n`);
}

/** @throws InputError when the folder holds no report, or a damaged one */
export async function readPromptReport(folder: string): Promise<PromptReportFile> {
  const file = promptReportFile(folder);
  const { data, error } = PromptReportFile.safeParse(await readJson(file, InputError));
  if (error) throw new InputError(`"${file}" is not the file of a prompt report: ${z.prettifyError(error)}`);
  return data;
}
