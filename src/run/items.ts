import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CancelledError, concernsOneInput, InputError, type MedclipSamError, ShapeError } from "../errors.ts";
import type { RunEvent } from "./events.ts";
import type { ImageRecord, RunRecord, Work } from "./record.ts";

/** One image's worth of work. */
export interface Item {
  readonly name: string;
  readonly file: string;
  /** Files whose content the result depends on. */
  readonly inputs: readonly string[];
  readonly prompt?: readonly string[];
  /** Files that are there when the item is done. */
  readonly outputs: readonly string[];
}

/** What came of an item. */
export interface Outcome {
  readonly record: Omit<ImageRecord, "name" | "made" | "warnings">;
  readonly warnings: readonly string[];
  /** A few words for the progress line. */
  readonly summary: string;
}

export interface ItemOptions {
  readonly command: string;
  readonly out: string;
  readonly overwrite: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Works through items one by one. What an earlier run has done is skipped; an item that fails is named and the others go on;
 * after each one `run.json` is replaced, so whatever happens, what is done stays done.
 */
export async function* runItems(
  items: readonly Item[],
  record: RunRecord,
  process: (item: Item) => Promise<Outcome>,
  options: ItemOptions,
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { todo, works, failures } = await plan(items, record, options);
  yield {
    type: "start",
    command: options.command,
    total: items.length,
    done: items.length - todo.length - failures.length,
    out: options.out,
  };
  for (const { item, error } of failures) yield await failed(item, error, record);
  let failedCount = failures.length;
  for (const item of todo) {
    if (options.signal?.aborted) throw new CancelledError();
    const begun = performance.now();
    try {
      const { record: found, warnings, summary } = await process(item);
      await record.put({ name: item.name, ...found }, works.get(item)!, warnings);
      yield { type: "item", name: item.name, ms: Math.round(performance.now() - begun), warnings, summary };
    } catch (error) {
      if (!isItemError(error)) throw error;
      failedCount++;
      yield await failed(item, error, record);
    }
  }
  const skipped = items.length - todo.length - failures.length;
  // Also when there was nothing to do: the record then tells of the last run.
  await record.write();
  const done = items.length - skipped - failedCount;
  yield { type: "end", done, skipped, failed: failedCount, ms: Math.round(performance.now() - start) };
}

/** Bad input concerns one item; anything else, a full disk, a missing weight or a programming error, concerns the run. */
function isItemError(error: unknown): error is MedclipSamError {
  return concernsOneInput(error) || error instanceof ShapeError;
}

async function failed(item: Item, error: MedclipSamError, record: RunRecord): Promise<RunEvent> {
  await record.fail({ name: item.name, file: item.file, message: error.message });
  return { type: "failure", name: item.name, message: error.message, code: error.code };
}

async function plan(items: readonly Item[], record: RunRecord, options: ItemOptions) {
  const todo: Item[] = [];
  const failures: { item: Item; error: MedclipSamError }[] = [];
  const works = new Map<Item, Work>();
  for (const item of items) {
    try {
      const inputs = await Promise.all(item.inputs.map(contentHash));
      const work: Work = { inputs, ...(item.prompt && { prompt: item.prompt }) };
      works.set(item, work);
      if (!record.isDone(item.name, work, item.outputs, options)) todo.push(item);
    } catch (error) {
      if (!isItemError(error)) throw error;
      failures.push({ item, error });
    }
  }
  return { todo, works, failures };
}

async function contentHash(file: string): Promise<string> {
  try {
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  } catch (cause) {
    throw new InputError(`"${file}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}
