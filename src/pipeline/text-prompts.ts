import { basename } from "node:path";
import { z } from "zod";
import { ConfigError, InputError } from "../errors.ts";
import { readJson } from "../read-json.ts";

/** Finds the sentences for an image by its file; several are an ensemble. */
export type TextPrompts = (file: string) => readonly string[];

const Sentences = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const PromptFile = z.record(z.string(), Sentences);

/**
 * The text prompts of a run: the same sentences for every image, or a file that maps file names to theirs.
 *
 * @throws ConfigError when the file cannot be read or holds something else
 */
export async function textPrompts(settings: {
  readonly prompt?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
}): Promise<TextPrompts> {
  const { prompt, prompts } = settings;
  if (prompt) return () => prompt;
  if (prompts === undefined) throw new ConfigError("no text prompt: give --prompt TEXT or --prompts FILE.json");
  const table = await readPromptFile(prompts);
  return (file) => {
    const found = table.get(basename(file)) ?? table.get("*");
    if (found) return found;
    throw new InputError(`"${file}": "${prompts}" has no prompt for "${basename(file)}" and none for "*" (all others).`);
  };
}

async function readPromptFile(file: string): Promise<Map<string, readonly string[]>> {
  const parsed = PromptFile.safeParse(await readJson(file, ConfigError));
  if (!parsed.success) {
    const { path } = parsed.error.issues[0]!;
    throw new ConfigError(
      `"${file}": expected an object that maps file names to a sentence or a list of sentences; ${path.length > 0 ? `"${path.join(".")}" is something else` : "it is something else"}.`,
    );
  }
  return new Map(Object.entries(parsed.data).map(([name, value]) => [name, typeof value === "string" ? [value] : value]));
}
