import { InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { plansFromJson, type ReadPlansOptions } from "./plans-from-json.ts";
import type { Plans } from "./types.ts";

/** The 2D part of a plans file. @throws InputError as `plansFromJson`, and when it cannot be read */
export async function readPlans(file: string, options: ReadPlansOptions = {}): Promise<Plans> {
  return plansFromJson(await readJson(file, InputError), file, options);
}
