import { z } from "zod";

/** How long work is stopped: at the next place where it can be, with a `CancelledError`. */
export interface StopOptions {
  readonly signal?: AbortSignal;
}

/** The same as a schema. */
export const stopOptions = z.strictObject({ signal: z.instanceof(AbortSignal, { error: "an AbortSignal" }).optional() });
