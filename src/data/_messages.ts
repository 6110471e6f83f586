import type { ErrorCode } from "../errors.ts";
import type { EncodedCaption, ViewRequest } from "./_preparation.ts";

/** What a thread must know to begin. */
export interface ThreadSettings {
  /** Folder or file of the vocabulary; a tokenizer itself cannot be handed to a thread. */
  readonly tokenizer: string;
  readonly contextLength: number;
}

/** A piece of work for a thread. */
export type Task =
  | { readonly type: "view"; readonly request: ViewRequest }
  | { readonly type: "encode"; readonly captions: readonly string[] };

export interface ToThread {
  readonly id: number;
  readonly task: Task;
}

/** What came of it. `code` is absent where the error is a mistake in the program. */
export type FromThread =
  | { readonly id: number; readonly value: Uint8Array<ArrayBuffer> | EncodedCaption[] }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly stack?: string | undefined; readonly code?: ErrorCode | undefined };
    };
