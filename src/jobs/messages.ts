import type { ErrorCode } from "../errors.ts";
import type { RunEvent } from "../run/events.ts";

/** From the command to its child process. */
export type ToWorker = { readonly type: "run"; readonly job: string; readonly settings: unknown } | { readonly type: "cancel" };

/** From the child process. After `finished` or `error` nothing follows. */
export type FromWorker =
  | { readonly type: "event"; readonly event: RunEvent }
  | { readonly type: "finished" }
  | { readonly type: "error"; readonly error: JobError };

/** An error that ended a job, as data. */
export interface JobError {
  /** Absent for unexpected errors. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly stack?: string;
}
