import { keysOf } from "../../keys-of.ts";
import { type PromptSetKindName, promptSetKinds } from "./kinds.ts";

/** Where a prompt set lies: in a task of this package, or in a file. */
export interface PromptSetName {
  readonly task?: PromptTask;
  readonly file?: string;
  readonly kind: PromptSetKindName;
}

/** The tasks whose prompt sets come with this package, named as the phantoms of the same modality. */
export const promptTasks = ["breast-ultrasound", "brain-mri", "chest-xray", "chest-ct"] as const;
export type PromptTask = (typeof promptTasks)[number];

const kinds = keysOf(promptSetKinds);

/** The form of the name of a prompt set, for messages. */
export const promptSetExpected = `TASK/SET or FILE.json#SET, where TASK is ${promptTasks.join(", ")} and SET is ${kinds.join(", ")}`;

/** The parts of a name "TASK/SET" or "FILE.json#SET"; undefined for anything else. */
export function promptSetName(text: string): PromptSetName | undefined {
  const [, place, separator, set] = /^(.+)([/#])([^/#]+)$/.exec(text) ?? [];
  const kind = kinds.find((one) => one === set);
  if (kind === undefined) return undefined;
  if (separator === "#") return { file: place!, kind };
  const task = promptTasks.find((one) => one === place);
  return task && { task, kind };
}
