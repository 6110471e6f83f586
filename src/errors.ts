/** What went wrong, as a stable word: the command line maps it to an exit status, a server would map it to an HTTP status. */
export type ErrorCode = "input" | "shape" | "weights" | "config" | "cancelled";

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
