/** What went wrong, as a stable word: the command line maps it to an exit status, a server would map it to an HTTP status. */
export type ErrorCode = "input" | "output" | "shape" | "weights" | "config" | "cancelled";

/** The base of every error that this package throws on purpose. Messages say where, what was expected, what came, what to do. */
export class MedclipSamError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A file or value given by the user cannot be read as what it should be; the rest of a batch can go on. */
export class InputError extends MedclipSamError {
  constructor(message: string, options?: ErrorOptions) {
    super("input", message, options);
  }
}

/** Results cannot be written: the disk is full, the folder is read-only or gone. What concerns every result ends a batch. */
export class OutputError extends MedclipSamError {
  constructor(message: string, options?: ErrorOptions) {
    super("output", message, options);
  }
}

/** Arrays or graph values do not fit together. */
export class ShapeError extends MedclipSamError {
  constructor(message: string, options?: ErrorOptions) {
    super("shape", message, options);
  }
}

/** Model weights are missing, damaged, or not those of the expected model. */
export class WeightsError extends MedclipSamError {
  constructor(message: string, options?: ErrorOptions) {
    super("weights", message, options);
  }
}

/** Settings that cannot work, alone or together. */
export class ConfigError extends MedclipSamError {
  constructor(message: string, options?: ErrorOptions) {
    super("config", message, options);
  }
}

/** The caller's AbortSignal fired. */
export class CancelledError extends MedclipSamError {
  constructor(message = "cancelled", options?: ErrorOptions) {
    super("cancelled", message, options);
  }
}

/** What a machine runs out of: no input can be read then, whichever it is. */
const exhausted = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/** Whether an error concerns one input alone, so that a batch can name it and go on with the others. */
export function concernsOneInput(error: unknown): error is MedclipSamError {
  if (!(error instanceof MedclipSamError) || error.code !== "input") return false;
  return !exhausted.has(String((error.cause as { readonly code?: unknown } | undefined)?.code));
}

/** Stops cancelled work. @throws CancelledError when the signal has fired */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}
