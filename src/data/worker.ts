/** The program of a thread that prepares pairs; see workers.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { MedclipSamError } from "../errors.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import type { FromThread, ThreadSettings, ToThread } from "./_messages.ts";
import { type EncodedCaption, type PreparedView, preparation } from "./_preparation.ts";

const { tokenizer, contextLength } = workerData as ThreadSettings;
const ready = loadTokenizer(tokenizer).then((loaded) => preparation(loaded, contextLength));
ready.catch(() => {}); // reported as the answer to each task

parentPort!.on("message", async (message: ToThread) => {
  const answer = await answerTo(message);
  parentPort!.postMessage(answer, "value" in answer ? buffersOf(answer.value) : []);
});

async function answerTo({ id, task }: ToThread): Promise<FromThread> {
  try {
    const prepare = await ready;
    return { id, value: task.type === "view" ? await prepare.view(task.request) : await prepare.encode(task.captions) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { id, error: { message, stack, code: error instanceof MedclipSamError ? error.code : undefined } };
  }
}

/** What is handed over instead of copied. */
function buffersOf(value: PreparedView | EncodedCaption[]): ArrayBuffer[] {
  return "pixels" in value ? [value.pixels.buffer, ...(value.coverage ? [value.coverage.buffer] : [])] : [];
}
