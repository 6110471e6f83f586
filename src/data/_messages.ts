import type { ErrorCode } from "../errors.ts";
import type { EncodedCaption, PreparedView, ViewRequest } from "./_preparation.ts";

/** Start-up data of a worker thread. */
export interface ThreadSettings {
  /** Folder or file of the vocabulary; a tokenizer itself cannot be handed to a thread. */
  readonly tokenizer: string;
  readonly contextLength: number;
}

/** A task for a worker thread. */
export type Task =
  | { readonly type: "view"; readonly request: ViewRequest }
  | { readonly type: "encode"; readonly captions: readonly string[] };

export interface ToThread {
  readonly id: number;
  readonly task: Task;
}

/** Its result. `code` is absent where the error is a mistake in the program. */
export type FromThread =
  | { readonly id: number; readonly value: PreparedView | EncodedCaption[] }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly stack?: string | undefined; readonly code?: ErrorCode | undefined };
    };
