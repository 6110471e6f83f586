import { requireWritable, writeAtomic } from "../../../files/atomic-write.ts";
import type { RunEvent } from "../../../run/events.ts";
import { findInputs } from "../../../run/inputs.ts";
import { countOf } from "../../../scans/names.ts";
import { visible } from "../../../text/control-characters.ts";
import { modalitiesIn } from "../../../text/modality-words.ts";
import { type Reading, readingOf } from "../../../text/reading.ts";
import { thenDispose } from "../../../then-dispose.ts";
import { loadClip } from "../../models/model.ts";
import { ofImages } from "./images.ts";
import { promptLists } from "./prompt-lists.ts";
import { type Problem, promptRules } from "./rules.ts";
import type { PromptsLintSettings } from "./settings.ts";

/** A problem with the name of its rule. */
type Told = Problem & { readonly rule: string };

/**
 * `medclip-sam prompts lint`: what is wrong with text prompts, before a run shows it. Each problem counts as failed, so that scripts notice.
 *
 * @throws ConfigError when a file is unreadable or malformed, WeightsError when the model is missing
 */
export async function* runPromptsLint(settings: PromptsLintSettings): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { file, json, images, clip, clipConfig } = settings;
  if (json !== undefined) await requireWritable(json, file === undefined ? [] : [file]);
  const given = await promptLists(settings);
  const { lists } = given;
  const listed = images.length === 0 ? undefined : await findInputs(images, undefined, { frames: {} });
  for (const message of listed?.warnings ?? []) yield { type: "warning", message };
  const about = ofImages(given, listed?.inputs ?? [], file ?? "");
  const stated = settings.modality === undefined ? given.modality : modalitiesIn(settings.modality)[0];
  const model = await loadClip(clip, clipConfig, {});
  const readings = await thenDispose(async () => {
    const { contextLength } = model.clip.config;
    const all = new Set(lists.flatMap(({ sentences }) => sentences));
    return new Map([...all].map((sentence): [string, Reading] => [sentence, readingOf(sentence, model.tokenizer, contextLength)]));
  }, model.clip);
  const examined = {
    lists,
    modalitiesOf: stated === undefined ? about.modalitiesOf : () => [stated],
    readingOf: (sentence: string) => readings.get(sentence)!,
  };
  const count = lists.reduce((sum, { sentences }) => sum + sentences.length, 0);
  const found: Told[] = [
    ...(count === 0 ? [{ rule: "empty", where: `"${file}"`, message: "holds no sentences" }] : []),
    ...(images.length > 0 ? about.problems.map((problem) => ({ rule: "name", ...problem })) : []),
    ...Object.entries(promptRules).flatMap(([rule, of]) => of(examined).map((problem) => ({ rule, ...problem }))),
  ];
  const problems = found.map(({ rule, where, message }): Told => ({ rule, where: visible(where), message: visible(message) }));
  if (json !== undefined) await writeAtomic(json, `${JSON.stringify({ sentences: count, problems }, null, 1)}\n`);
  yield {
    type: "end",
    done: count,
    skipped: 0,
    failed: problems.length,
    ms: Math.round(performance.now() - start),
    lines: [
      ...problems.map(({ rule, where, message }) => `${rule}: ${where}: ${message}`),
      `${problems.length === 0 ? "no problem" : countOf(problems.length, "problem")} in ${countOf(count, "sentence")}`,
    ],
  };
}
