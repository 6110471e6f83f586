import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { builtFile } from "../../built-file.ts";
import type { FromThread, ToThread } from "../../thread-tasks.ts";
import { type Decode, localDecoder } from "./decode.ts";
import { CodecError, type EncodedFrame } from "./encoded-frame.ts";

/** Most milliseconds for a frame: damaged data can keep a codec busy without end. Whole frames take a tenth of it at most. */
const timeoutMs = ({ width, height, samples }: EncodedFrame): number => 8000 + 0.002 * width * height * samples;

let decoder: Decode | undefined;

/**
 * Decodes a compressed frame in a thread of its own, so that what a codec does to its thread (a trap, an endless loop, an exit) ends that thread
 * alone. Where the package is not built, in the caller's.
 *
 * @returns as `Decode`
 * @throws CodecError when the data are damaged; other frames can be decoded then
 */
export async function decodeFrame(frame: EncodedFrame): Promise<Uint8Array> {
  const program = builtFile("dicom", "codecs", "worker.js");
  decoder ??= existsSync(program) ? threadDecoder(program) : localDecoder();
  return await decoder(frame);
}

/** A decoder whose thread starts with the first frame, and anew after it was lost. One frame is decoded at a time. */
export function threadDecoder(program: string, limitMs = timeoutMs): Decode {
  let worker: Worker | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let count = 0;

  const ask = (frame: EncodedFrame) =>
    new Promise<Uint8Array>((resolve, reject) => {
      worker ??= new Worker(program).on("error", () => {}); // also of a thread that is given up
      const thread = worker;
      const id = count++;
      const settle = (act: () => void, isLost: boolean) => {
        clearTimeout(timer);
        // Not all listeners: with those of Node itself the thread would be deaf.
        thread.off("message", onMessage).off("error", onError).off("exit", onExit);
        thread.unref(); // an idle thread does not keep a program alive
        if (isLost) {
          worker = undefined;
          void thread.terminate();
        }
        act();
      };
      const lose = (reason: string) => settle(() => reject(new CodecError(reason)), true);
      const onMessage = (answer: FromThread) => {
        if (answer.id !== id) return;
        settle(() => ("value" in answer ? resolve(answer.value as Uint8Array) : reject(new CodecError(answer.error.message))), false);
      };
      const onError = (error: Error) => lose(error.message);
      const onExit = (status: number) => lose(`the codec's thread ended with status ${status}`);
      const limit = limitMs(frame);
      const timer = setTimeout(() => lose(`the codec did not end within ${limit / 1000} s`), limit);
      thread.ref();
      thread.on("message", onMessage).on("error", onError).on("exit", onExit);
      thread.postMessage({ id, task: frame } satisfies ToThread<EncodedFrame>);
    });

  return (frame) => {
    const answer = turn.then(() => ask(frame));
    turn = answer.catch(() => {});
    return answer;
  };
}
