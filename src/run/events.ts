import type { ErrorCode } from "../errors.ts";

/** What long work says while it goes on; the terminal, `--events` and the tests read the same ones. All are plain JSON. */
export type RunEvent =
  /** `total` items, of which `done` need no work as an earlier run has done them. */
  | {
      readonly type: "start";
      readonly command: string;
      readonly total: number;
      readonly done: number;
      readonly out?: string;
      /** What is counted; default: images. */
      readonly unit?: "step";
    }
  /** Something about the whole run that the user should know. */
  | { readonly type: "warning"; readonly message: string; readonly name?: string }
  /** Work that has begun, to show what a slow start waits for. */
  | { readonly type: "stage"; readonly message: string }
  /** One item is finished and its files are in place. */
  | { readonly type: "item"; readonly name: string; readonly ms: number; readonly warnings: readonly string[]; readonly summary?: string }
  /** A step of a training is made. */
  | {
      readonly type: "step";
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly lr: number;
      readonly gradNorm: number;
      /** Further numbers of this kind of training. */
      readonly metrics: Readonly<Record<string, number>>;
      /** How many of what went through a second. */
      readonly rate: { readonly value: number; readonly unit: string };
    }
  /** An epoch of a training is finished and its checkpoint is in place; epoch 0 is before training. */
  | {
      readonly type: "epoch";
      readonly epoch: number;
      readonly step: number;
      /** Held-out scores by name; absent where nothing is held out. */
      readonly metrics?: Readonly<Record<string, number>>;
      readonly summary: string;
    }
  /** One item could not be done; the others go on. */
  | { readonly type: "failure"; readonly name: string; readonly message: string; readonly code: ErrorCode }
  | {
      readonly type: "end";
      readonly done: number;
      readonly skipped: number;
      readonly failed: number;
      readonly ms: number;
      readonly lines?: readonly string[];
    };
