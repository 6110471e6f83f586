import type { ErrorCode } from "../errors.ts";

/** A training step, as in `metrics.jsonl`. All fields but the rate are reproducible for the same settings. */
export interface StepLine {
  /** Counted from 1, over all epochs. */
  readonly step: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
  /** Norm of the whole gradient before it was clipped. */
  readonly gradNorm: number;
  /** Further metrics of this kind of training. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Throughput: how many of what per second; and the share of the time since the last step that was spent waiting for the batch. */
  readonly rate: { readonly value: number; readonly unit: string; readonly waited?: number };
}

/** Events of a long-running job; the terminal, `--events` and the tests read the same ones. All are plain JSON. */
export type RunEvent =
  /** `total` items, of which an earlier run has finished `done`. */
  | {
      readonly type: "start";
      readonly command: string;
      readonly total: number;
      readonly done: number;
      readonly out?: string;
      /** Unit of the count; default: images. */
      readonly unit?: "step" | "file";
    }
  /** A warning about the whole run. */
  | { readonly type: "warning"; readonly message: string; readonly name?: string }
  /** Something about the whole run that is worth knowing, such as settings that the user did not give. */
  | { readonly type: "note"; readonly message: string }
  /** A stage has started; shows what a slow start waits for. */
  | { readonly type: "stage"; readonly message: string }
  /** Bytes of a file have been downloaded, packed or unpacked; told now and then. `total` is absent where it is not known. */
  | { readonly type: "transfer"; readonly name: string; readonly bytes: number; readonly total?: number }
  /** One item is finished and its files are written. */
  | { readonly type: "item"; readonly name: string; readonly ms: number; readonly warnings: readonly string[]; readonly summary?: string }
  /** A training step is finished. */
  | ({ readonly type: "step" } & StepLine)
  /** A training epoch is finished and its checkpoint written; epoch 0 is before training. */
  | {
      readonly type: "epoch";
      readonly epoch: number;
      readonly step: number;
      /** Validation scores by name; absent without a validation set. */
      readonly metrics?: Readonly<Record<string, number>>;
      readonly summary: string;
    }
  /** One item failed; the run continues. */
  | { readonly type: "failure"; readonly name: string; readonly message: string; readonly code: ErrorCode }
  | {
      readonly type: "end";
      readonly done: number;
      readonly skipped: number;
      readonly failed: number;
      /** How many of the masks made are empty; absent if none is. */
      readonly emptyMasks?: number;
      readonly ms: number;
      readonly lines?: readonly string[];
    };
