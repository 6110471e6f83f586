import type { ErrorCode } from "../errors.ts";

/** What the shell is told; scripts rely on these numbers. */
export const exitStatus = {
  ok: 0,
  /** Some inputs could not be done, each is named; or the run itself broke. */
  failed: 1,
  /** Wrong use, or settings that cannot work: a rerun needs another command line. */
  usage: 2,
  /** Weights are missing or damaged. */
  weights: 3,
  interrupted: 130,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** The status of a run that an error has ended. */
export const statusOfError: Readonly<Record<ErrorCode, ExitStatus>> = {
  input: exitStatus.failed,
  output: exitStatus.failed,
  shape: exitStatus.usage,
  config: exitStatus.usage,
  weights: exitStatus.weights,
  cancelled: exitStatus.interrupted,
};
