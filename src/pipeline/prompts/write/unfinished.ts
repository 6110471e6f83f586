import { z } from "zod";
import { ConfigError } from "../../../errors.ts";
import { remove, writeAtomic } from "../../../files/atomic-write.ts";
import { readJsonIfPresent } from "../../../files/read-json.ts";
import { changedIn, type Recipe } from "./recipe.ts";

const UnfinishedFile = z.strictObject({
  made: z.record(z.string(), z.unknown()),
  /** The sentences of each request that was answered, in the order of the requests. */
  answers: z.array(z.array(z.string().min(1)).min(1)),
});

/** Answers of a run until it has all of them, in a file beside its own: a language model may cost money. */
export class UnfinishedAnswers {
  readonly file: string;
  readonly answers: (readonly string[])[];
  private readonly recipe: Recipe;

  private constructor(file: string, recipe: Recipe, answers: (readonly string[])[]) {
    this.file = file;
    this.recipe = recipe;
    this.answers = answers;
  }

  /**
   * The answers that an earlier run with the same recipe has got.
   *
   * @param options.overwrite - whether answers to another recipe are dropped
   * @throws ConfigError when there are answers to another recipe, or the file is damaged
   */
  static async of(out: string, recipe: Recipe, { overwrite }: { readonly overwrite: boolean }): Promise<UnfinishedAnswers> {
    const file = fileOf(out);
    const content = await readJsonIfPresent(file, ConfigError);
    if (content === undefined) return new UnfinishedAnswers(file, recipe, []);
    const { data } = UnfinishedFile.safeParse(content);
    if (data && changedIn(data.made, recipe).length === 0) return new UnfinishedAnswers(file, recipe, data.answers);
    if (overwrite) return new UnfinishedAnswers(file, recipe, []);
    const what = data
      ? `holds the answers of an unfinished run with another ${changedIn(data.made, recipe).join(", ")}. Finish it with those settings`
      : "does not hold the answers of an unfinished run. Remove it";
    throw new ConfigError(`"${file}" ${what}, choose another --out, or pass --overwrite to drop them.`);
  }

  async add(sentences: readonly string[]): Promise<void> {
    this.answers.push(sentences);
    await writeAtomic(this.file, `${JSON.stringify({ made: this.recipe, answers: this.answers }, null, 2)}\n`);
  }

  /** Once the sentences are in the file of the run. */
  static async remove(out: string): Promise<void> {
    await remove([fileOf(out)]);
  }
}

const fileOf = (out: string): string => `${out}.unfinished`;
