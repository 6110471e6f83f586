import { z } from "zod";
import { keysOf } from "../../../keys-of.ts";
import { grouped } from "../../../run/settings/meta.ts";
import { promptSetKinds } from "../../../targets/prompt-sets/kinds.ts";
import { promptTasks } from "../../../targets/prompt-sets/set-name.ts";

/** `medclip-sam prompts list`. */
export const PromptsListSettings = z.strictObject(
  grouped("Input", {
    task: z.enum(promptTasks).optional().describe("only the sets of this task"),
    set: z.enum(keysOf(promptSetKinds)).optional().describe("only the sets of this kind, with all their sentences"),
    json: z.string().optional().describe("write the sets with all sentences to this file").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type PromptsListSettings = z.infer<typeof PromptsListSettings>;
