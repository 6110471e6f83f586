import { ConfigError } from "../../errors.ts";
import { keysOf } from "../../keys-of.ts";
import { type PromptSetKindName, promptSetKinds } from "./kinds.ts";
import { embeddedPromptSets, type PromptSetFile, readPromptSets } from "./set-file.ts";
import { promptSetExpected, promptSetName } from "./set-name.ts";

/** A set of text prompts for the images of a task. */
export interface PromptSet {
  /** As given: "breast-ultrasound/P2". */
  readonly name: string;
  readonly kind: PromptSetKindName;
  /** The sentences for every image; of a set per class absent. */
  readonly sentences?: readonly string[];
  /** The sentences of each class; of a set for all images absent. */
  readonly classes?: ReadonlyMap<string, readonly string[]>;
}

/** @throws ConfigError when there is no such set, or its file is invalid */
export async function readPromptSet(name: string): Promise<PromptSet> {
  const found = promptSetName(name);
  if (!found) throw new ConfigError(`--prompt-set: expected ${promptSetExpected}, got ${JSON.stringify(name)}.`);
  const content = found.file === undefined ? await embeddedPromptSets(found.task!) : await readPromptSets(found.file);
  const set = promptSetIn(content, name, found.kind);
  if (set) return set;
  const known = keysOf(promptSetKinds).filter((kind) => content.sets[promptSetKinds[kind].part] !== undefined);
  throw new ConfigError(
    `--prompt-set: ${JSON.stringify(name)} does not exist${promptSetKinds[found.kind].isPerClass ? `, as "${content.title}" has no classes` : ""}. There are ${known.join(", ")}.`,
  );
}

/** The set of a kind in a file; undefined where the file does not have its sentences. */
export function promptSetIn({ sets }: PromptSetFile, name: string, kind: PromptSetKindName): PromptSet | undefined {
  const content = sets[promptSetKinds[kind].part];
  if (content === undefined) return undefined;
  if (typeof content === "string") return { name, kind, sentences: [content] };
  if (Array.isArray(content)) return { name, kind, sentences: content };
  return { name, kind, classes: new Map(Object.entries(content).map(([own, sentences]) => [own, [sentences].flat()])) };
}
