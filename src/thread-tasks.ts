import { parentPort } from "node:worker_threads";
import { type ErrorCode, MedclipSamError } from "./errors.ts";

/** A task for a worker thread. */
export interface ToThread<Task> {
  readonly id: number;
  readonly task: Task;
}

/** Its result. `code` is absent where the error is a mistake in the program. */
export type FromThread =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly stack?: string | undefined; readonly code?: ErrorCode | undefined };
    };

/**
 * The program of a thread of a `ThreadPool`: answers each task.
 *
 * @param buffersOf - what of an answer is handed over instead of copied
 */
export function answerTasks<Task, Answer>(
  answer: (task: Task) => Promise<Answer>,
  buffersOf: (answer: Answer) => readonly ArrayBuffer[],
): void {
  parentPort!.on("message", async ({ id, task }: ToThread<Task>) => {
    try {
      const value = await answer(task);
      parentPort!.postMessage({ id, value } satisfies FromThread, buffersOf(value));
    } catch (error) {
      const { message, stack } = error as Error;
      const code = error instanceof MedclipSamError ? error.code : undefined;
      parentPort!.postMessage({ id, error: { message, stack, code } } satisfies FromThread);
    }
  });
}
