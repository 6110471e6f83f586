import { WeightsError } from "../errors.ts";

/** @throws WeightsError that names the file */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeightsError(`"${source}" is not valid JSON: ${messageOf(cause)}`, { cause });
  }
}

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
