/** The program of a thread that prepares pairs; see workers.ts. */
import { workerData } from "node:worker_threads";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import { answerTasks } from "../thread-tasks.ts";
import type { Task, ThreadSettings } from "./_messages.ts";
import { type EncodedCaption, type PreparedView, preparation } from "./_preparation.ts";

const { tokenizer, contextLength } = workerData as ThreadSettings;
const ready = loadTokenizer(tokenizer).then((loaded) => preparation(loaded, contextLength));
ready.catch(() => {}); // reported as the answer to each task

answerTasks(async (task: Task): Promise<PreparedView | EncodedCaption[]> => {
  const prepare = await ready;
  return task.type === "view" ? await prepare.view(task.request) : await prepare.encode(task.captions);
}, buffersOf);

function buffersOf(value: PreparedView | EncodedCaption[]): ArrayBuffer[] {
  return "pixels" in value ? [value.pixels.buffer, ...(value.coverage ? [value.coverage.buffer] : [])] : [];
}
