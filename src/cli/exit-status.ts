import type { ErrorCode } from "../errors.ts";

/** Exit statuses; scripts rely on these numbers. */
export const exitStatus = {
  ok: 0,
  /** Some inputs failed (each is reported), or the run itself failed. */
  failed: 1,
  /** Usage error or invalid settings: the command line must be changed. */
  usage: 2,
  /** Weights are missing or damaged. */
  weights: 3,
  interrupted: 130,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** The exit status for an error that ended a run. */
export const statusOfError: Readonly<Record<ErrorCode, ExitStatus>> = {
  input: exitStatus.failed,
  output: exitStatus.failed,
  shape: exitStatus.usage,
  config: exitStatus.usage,
  weights: exitStatus.weights,
  cancelled: exitStatus.interrupted,
};
