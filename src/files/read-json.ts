import { readFile } from "node:fs/promises";
import { type JsonFailure, parseJson } from "./json.ts";

/** The value of a JSON file, see `parseJson`. @throws Failure also when the file cannot be read */
export async function readJson(file: string, Failure: JsonFailure): Promise<unknown> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure(`"${file}" cannot be read (${cause.code}).`, { cause });
  });
  return parseJson(bytes, file, Failure);
}

/** The same; undefined where there is no such file. */
export async function readJsonIfPresent(file: string, Failure: JsonFailure): Promise<unknown> {
  return await readJson(file, Failure).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return undefined;
    throw error;
  });
}
