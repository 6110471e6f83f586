import { ConfigError } from "../../../errors.ts";
import { requireWritable, writeAtomic } from "../../../files/atomic-write.ts";
import { readJsonIfPresent } from "../../../files/read-json.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { countOf } from "../../../scans/names.ts";
import { embeddedPromptSets, PromptSetFile } from "../../../targets/prompt-sets/set-file.ts";
import { modalitiesIn } from "../../../text/modality-words.ts";
import { version } from "../../../version.ts";
import { promptRules } from "../lint/rules.ts";
import { hostOf, LanguageModel } from "./language-model.ts";
import { changedIn, type Recipe } from "./recipe.ts";
import { requestText } from "./request.ts";
import type { PromptsWriteSettings } from "./settings.ts";
import { UnfinishedAnswers } from "./unfinished.ts";

/**
 * `medclip-sam prompts write`: sentences about a target by a language model, as a prompt set file with how they were made. Words are sent, never images
 * or names of files. A file that is there is kept: asked for the same again, the run does nothing; for others it needs `overwrite`. Each answer is kept
 * in OUT.unfinished until all are there, so that a run that was interrupted asks for the others alone.
 *
 * @param options.now - the time that the file is to say; default: this moment
 * @throws ConfigError when the file holds other sentences; as `LanguageModel.sentences`
 */
export async function* runPromptsWrite(
  settings: PromptsWriteSettings,
  { signal, now = new Date() }: StopOptions & { readonly now?: Date } = {},
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { out, count, class: classes, overwrite } = settings;
  const { target, modality, title } = await subjectOf(settings);
  const about = { target, modality, classes, count };
  const requests = [undefined, ...classes].map((className) => requestText({ ...about, className }));
  const recipe: Recipe = {
    model: settings.model,
    endpoint: hostOf(settings.baseUrl),
    temperature: settings.temperature,
    seed: settings.seed,
    requests,
  };
  const took = () => Math.round(performance.now() - start);
  if (settings.dryRun) {
    const lines = [
      `to ${recipe.endpoint}, for ${out}:`,
      ...requests.flatMap((request) => request.split("\n")),
      "Nothing was sent or written.",
    ];
    yield { type: "end", done: 0, skipped: 0, failed: 0, ms: took(), lines };
    return;
  }
  await requireWritable(out);
  if (!overwrite && (await isWritten(out, recipe))) {
    await UnfinishedAnswers.remove(out);
    const lines = [`${out} holds these sentences already; they are used again (--overwrite writes others)`];
    yield { type: "end", done: 0, skipped: requests.length, failed: 0, ms: took(), lines };
    return;
  }
  const model = await LanguageModel.open(settings, process.env.OPENAI_API_KEY);
  const unfinished = await UnfinishedAnswers.of(out, recipe, settings);
  const { answers } = unfinished;
  const skipped = answers.length;
  if (skipped > 0)
    yield {
      type: "note",
      message: `${countOf(skipped, "answer")} of ${requests.length} are taken from ${unfinished.file}, where an earlier run left them`,
    };
  yield {
    type: "note",
    message: `sent to ${recipe.endpoint}: the words of ${countOf(requests.length - skipped, "request")} about "${target}" in ${modality}; no images, no names of files`,
  };
  try {
    for (const [i, request] of requests.entries()) {
      if (i < skipped) continue;
      yield { type: "stage", message: `asking for ${count} sentences${i === 0 ? "" : ` about ${classes[i - 1]}`}` };
      await unfinished.add(await model.sentences(request, count, signal));
    }
  } catch (error) {
    if (answers.length > 0)
      yield {
        type: "warning",
        message: `${countOf(answers.length, "answer")} of ${requests.length} are kept in ${unfinished.file}; the same command asks for the others alone`,
      };
    throw error;
  }
  const [generic, ...ofClasses] = answers;
  const content: PromptSetFile = {
    ...{ title, modality, target },
    made: { by: `medclip-sam ${version} prompts write`, date: now.toISOString(), ...recipe },
    sets: {
      P0: target,
      ...(classes.length > 0 && { P1: Object.fromEntries(classes.map((name) => [name, `${name} ${target}`])) }),
      P2: [...generic!],
      ...(classes.length > 0 && { P3: Object.fromEntries(classes.map((name, i) => [name, [...ofClasses[i]!]])) }),
    },
  };
  for (const message of doubts(content)) yield { type: "warning", message };
  await writeAtomic(out, `${JSON.stringify(content, null, 2)}\n`);
  await UnfinishedAnswers.remove(out);
  const sets = ["P0", "P2", "P4", ...(classes.length > 0 ? ["P1, P3 and P5 with --class-aware"] : [])];
  const lines = [out, `read the sentences before you use them: --prompt-set ${out}#P2 (${sets.join(", ")})`];
  yield { type: "end", done: requests.length - skipped, skipped, failed: 0, ms: took(), lines };
}

async function subjectOf({ task, target, modality }: PromptsWriteSettings): Promise<Pick<PromptSetFile, "title" | "target" | "modality">> {
  if (task !== undefined) return await embeddedPromptSets(task);
  return { title: `${target} in ${modality}`, target: target!, modality: modality! };
}

/** Whether a file holds the sentences of a recipe. @throws ConfigError when it holds something else */
async function isWritten(out: string, recipe: Recipe): Promise<boolean> {
  const content = await readJsonIfPresent(out, ConfigError);
  if (content === undefined) return false;
  const made = PromptSetFile.safeParse(content).data?.made;
  if (made === undefined)
    throw new ConfigError(`"${out}" exists and was not written by this command. Choose another --out, or pass --overwrite to replace it.`);
  const changed = changedIn(made, recipe);
  if (changed.length === 0) return true;
  throw new ConfigError(
    `"${out}" holds sentences that were written on ${String(made.date)} with another ${changed.join(", ")}. Use them as they are (--prompt-set ${out}#P2), choose another --out, or pass --overwrite to write others in their place.`,
  );
}

/** What the checks of `prompts lint` that need no model say of the sentences. */
function doubts({ modality, sets: { P2 = [], P3 = {} } }: PromptSetFile): string[] {
  const own = modalitiesIn(modality);
  const lists = [
    { where: "P2", sentences: P2 },
    ...Object.entries(P3).map(([name, sentences]) => ({ where: name, sentences, className: name })),
  ];
  const examined = { lists, modalitiesOf: () => (own.length === 1 ? own : []) };
  return [...promptRules.modality(examined), ...promptRules.leak(examined)].map(({ where, message }) => `${where}: ${message}`);
}
