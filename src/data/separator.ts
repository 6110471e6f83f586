import { z } from "zod";

/** How a tab can be written where nobody can type one: as the shell and open_clip's scripts do, or by name. */
const tabs = ["\\t", "tab"];

/** The character between two columns of a table. */
export const Separator = z
  .string()
  .refine((text) => text.length === 1 || tabs.includes(text), { error: "expected one character; for a tab \\t or tab" })
  .transform((text) => (tabs.includes(text) ? "\t" : text));
