import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { readJson } from "../../../files/read-json.ts";

/** `facts/NAME.json`: what the gate knows of a pseudo-label, and what else is known of its image. */
const FactsFile = z.object({
  file: z.string(),
  /** Whether all channels of the image are equal. */
  isGray: z.boolean(),
  /** Share of the image's pixels that are ignored in training. */
  ignoredFraction: z.number(),
  facts: z.object({
    name: z.string(),
    agreement: z.number().nullable(),
    memberCount: z.number(),
    stability: z.number().nullable(),
    perturbedCount: z.number(),
    predictedIou: z.number().nullable(),
    areaFraction: z.number(),
    partAreasPx: z.array(z.number()).readonly(),
    borderShare: z.number(),
    touches: z.array(z.enum(["top", "right", "bottom", "left"])).readonly(),
  }),
});
export type FactsFile = z.infer<typeof FactsFile>;

export const factsFile = (out: string, name: string): string => join(out, "facts", `${name}.json`);

/** Reads what an earlier run has found. @throws InputError when the file is damaged */
export async function readFacts(out: string, name: string): Promise<FactsFile> {
  const file = factsFile(out, name);
  const { data, error } = FactsFile.safeParse(await made(() => readJson(file, InputError)));
  if (data) return data;
  throw new InputError(`"${file}" does not hold the facts of a pseudo-label: ${z.prettifyError(error)} ${remedy}`);
}

const remedy = "Remove it, and run again: it is made anew.";

/** Reads what an earlier run has made. @throws InputError that says what to do about a damaged file */
export async function made<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${error.message} ${remedy}`, { cause: error }) : error;
  }
}

export async function writeFacts(out: string, content: FactsFile): Promise<void> {
  await writeAtomic(factsFile(out, content.facts.name), `${JSON.stringify(content)}\n`);
}
