import type { ViewRequest } from "./_preparation.ts";

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
