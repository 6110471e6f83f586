import { writeAtomic } from "../../../files/atomic-write.ts";
import { keysOf } from "../../../keys-of.ts";
import type { RunEvent } from "../../../run/events.ts";
import { promptSetKinds } from "../../../targets/prompt-sets/kinds.ts";
import { type PromptSet, promptSetIn } from "../../../targets/prompt-sets/prompt-set.ts";
import { embeddedPromptSets, type PromptSetFile } from "../../../targets/prompt-sets/set-file.ts";
import { promptTasks } from "../../../targets/prompt-sets/set-name.ts";
import type { PromptsListSettings } from "./settings.ts";

/** `medclip-sam prompts list`: the prompt sets that come with the package. */
export async function* runPromptsList({ task, set, json }: PromptsListSettings): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const kinds = keysOf(promptSetKinds).filter((kind) => set === undefined || kind === set);
  const found = await Promise.all(
    promptTasks
      .filter((one) => task === undefined || one === task)
      .map(async (one) => {
        const content = await embeddedPromptSets(one);
        return { task: one, content, sets: kinds.flatMap((kind) => promptSetIn(content, `${one}/${kind}`, kind) ?? []) };
      }),
  );
  const sets = found.flatMap(({ sets }) => sets);
  if (json !== undefined) {
    const content = found.map(({ task, content: { title, modality, target }, sets }) => ({
      ...{ task, title, modality, target },
      sets: sets.map((one) => ({ name: one.name, uses: promptSetKinds[one.kind].words, ...sentencesOf(one) })),
    }));
    await writeAtomic(json, `${JSON.stringify({ tasks: content }, null, 1)}\n`);
  }
  const lines = found.flatMap(({ content, sets }) => linesOf(content, sets, set !== undefined));
  yield { type: "end", done: sets.length, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}

const sentencesOf = ({ sentences, classes }: PromptSet) => (classes ? { classes: Object.fromEntries(classes) } : { sentences });

/** @param isFull - whether all sentences are listed, not only the first */
function linesOf({ title }: PromptSetFile, sets: readonly PromptSet[], isFull: boolean): string[] {
  return [title, ...sets.flatMap((set) => [`  ${set.name}: ${promptSetKinds[set.kind].words}`, ...listsOf(set, isFull)])];
}

function listsOf({ sentences, classes }: PromptSet, isFull: boolean): string[] {
  const lists: readonly (readonly [string, readonly string[]])[] = classes ? [...classes] : [["", sentences!]];
  return lists.flatMap(([own, list]) => {
    const head = `    ${own === "" ? "" : `${own}: `}`;
    if (isFull) return [`${head}${list.length}`, ...list.map((sentence) => `      ${sentence}`)];
    return [list.length === 1 ? `${head}${list[0]}` : `${head}${list.length} sentences, such as: ${list[0]}`];
  });
}
