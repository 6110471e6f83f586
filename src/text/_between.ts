import { ConfigError } from "../errors.ts";

/**
 * The ids of a sentence between the start and the end token, cut where they would be more than the context has.
 *
 * @throws ConfigError when the context cannot hold the start and the end token
 */
export function between(
  start: number,
  pieces: readonly number[],
  end: number,
  contextLength = Number.POSITIVE_INFINITY,
): { ids: number[]; truncated: boolean } {
  if (!(contextLength >= 2))
    throw new ConfigError(`encode: the context length must be at least 2 (the start and the end token), got ${contextLength}`);
  const kept = pieces.slice(0, contextLength - 2);
  return { ids: [start, ...kept, end], truncated: kept.length < pieces.length };
}
