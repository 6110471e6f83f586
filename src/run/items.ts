import { concernsOneInput, type MedclipSamError, ShapeError, throwIfCancelled } from "../errors.ts";
import { listed } from "../listed.ts";
import { streamThenDispose } from "../then-dispose.ts";
import type { RunEvent } from "./events.ts";
import { hashInputs } from "./input-files.ts";
import { type ImageRecord, type RunHeader, RunRecord, type Wanted, type Work } from "./record/record.ts";
import { toldWhile } from "./told-while.ts";

/** The work on one image. */
export interface Item extends Wanted {
  readonly file: string;
}

/** Result of an item. Warnings about a named target are in its record. */
export interface Outcome {
  readonly record: Omit<ImageRecord, "name" | "made" | "warnings">;
  readonly warnings: readonly string[];
  /** A few words for the progress line. */
  readonly summary: string;
}

export interface ItemOptions {
  readonly out: string;
  /** Header of this run's record; its command names the run. */
  readonly header: Omit<RunHeader, "versions">;
  readonly overwrite: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Warnings that the run has given already: they are recorded for each image, but not repeated in its event. */
  readonly told?: ReadonlySet<string> | undefined;
  /** The scan that an item is a slice of: what is said of one slice is recorded, but not repeated, with other numbers, in the events of the others. */
  readonly scanOf?: ((item: Item) => string | undefined) | undefined;
  /** Keys of the text prompts of the run (`promptKey`): images of the folder with others are counted in a warning. */
  readonly prompts?: ReadonlySet<string> | undefined;
  /** Files that the run itself writes beside those of its items; none in `out` may be there already unless a run made it. */
  readonly files?: readonly string[] | undefined;
  /** Writes the files of the run itself, once the run may write into its folder; told which items no earlier run has finished. */
  readonly begin?: ((todo: readonly Item[]) => Promise<void>) | undefined;
}

/** Number of items whose files are checked concurrently. */
const looksAtOnce = 64;
/** Time between two progress messages of a long check, in milliseconds. */
const tellEveryMs = 2000;

/**
 * Processes items one by one; `tell` says what long work on an item does now. Items finished by an earlier run are skipped; an item that fails is reported and the run continues.
 * Each item is appended to the folder's journal at once, so finished work survives a crash.
 *
 * An input is read when its turn comes. For inputs processed before, size and times show whether they have changed; they are read again
 * only if those differ.
 *
 * @throws ConfigError when the folder holds results of other settings or files that no run made, or another run writes into it
 * @throws OutputError when results cannot be written, as then every item would fail
 */
export async function* runItems<I extends Item>(
  items: readonly I[],
  process: (item: I, tell: (message: string) => void) => Promise<Outcome>,
  { out, header, overwrite, signal, told, scanOf, prompts, files = [], begin }: ItemOptions,
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const record = await RunRecord.open(out, header, { overwrite, outputs: [...items.flatMap(({ outputs }) => outputs), ...files] });
  yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
    for (const message of record.warnings) yield { type: "warning", message };
    const todo = yield* itemsToDo(items, record, { overwrite, signal });
    const skipped = items.length - todo.length;
    if (prompts) {
      const others = record.withOtherPrompts(new Set(items.map(({ name }) => name)), prompts);
      if (others.count > 0) yield { type: "warning", message: otherPrompts(out, others) };
    }
    const stale = overwrite ? record.discarded(new Set(items.map(({ name }) => name))) : [];
    if (stale.length > 0) yield { type: "warning", message: staleResults(out, stale) };
    await record.begin();
    await begin?.(todo);
    yield { type: "start", command: header.command, total: items.length, done: skipped, out };
    let [failed, emptyMasks] = [0, 0];
    const toldOfScans = new Map<string, Set<string>>();
    for (const item of todo) {
      throwIfCancelled(signal);
      await record.check();
      const begun = performance.now();
      try {
        const work = await workOf(item);
        const { record: found, warnings, summary } = yield* toldWhile((tell) => process(item, tell));
        await record.put({ name: item.name, ...found }, work, warnings);
        const ms = Math.round(performance.now() - begun);
        emptyMasks += emptyMasksOf(found);
        const scan = scanOf?.(item);
        const known = scan === undefined ? undefined : (toldOfScans.get(scan) ?? new Set());
        if (scan !== undefined && known) toldOfScans.set(scan, known);
        const isNews = (warning: string) => !told?.has(warning) && !known?.has(withoutNumbers(warning));
        const news = [...warnings, ...warningsOfTargets(found.targets)].filter(isNews);
        for (const warning of news) known?.add(withoutNumbers(warning));
        yield { type: "item", name: item.name, ms, warnings: news, summary };
      } catch (error) {
        if (!isItemError(error)) throw error;
        failed++;
        await record.fail({ name: item.name, file: item.file, message: error.message });
        yield { type: "failure", name: item.name, message: error.message, code: error.code };
      }
    }
    await record.finish();
    yield {
      type: "end",
      done: todo.length - failed,
      skipped,
      failed,
      ...(emptyMasks > 0 && { emptyMasks }),
      ms: Math.round(performance.now() - start),
    };
  }, record);
}

/** Bad input concerns one item; anything else, a full disk, a missing weight or a programming error, concerns the run. */
function isItemError(error: unknown): error is MedclipSamError {
  return concernsOneInput(error) || error instanceof ShapeError;
}

/** What a warning says, whatever its numbers are: of slices they differ, and the first one stands for all. */
const withoutNumbers = (warning: string): string => warning.replaceAll(/-?\d+(?:\.\d+)?/g, "#");

/** How many of an image's masks are empty. */
function emptyMasksOf({ areaPx, targets = {} }: Outcome["record"]): number {
  return [areaPx, ...Object.values(targets).map((target) => target.areaPx)].filter((area) => area === 0).length;
}

function staleResults(out: string, names: readonly string[]): string {
  const images = names.length === 1 ? "1 image" : `${names.length} images`;
  return `"${out}" still holds results of ${images} made with other settings, which this run does not replace: ${listed(names, 3)}. Remove them, or choose another --out, before another command reads the folder.`;
}

function otherPrompts(out: string, { count, example }: { readonly count: number; readonly example: string }): string {
  const images = count === 1 ? "1 image that was" : `${count} images that were`;
  return `"${out}" also holds ${images} made with other text prompts (${example}). Choose another --out to keep them apart.`;
}

function warningsOfTargets(targets: Outcome["record"]["targets"]): string[] {
  return Object.entries(targets ?? {}).flatMap(([name, { warnings }]) => warnings.map((warning) => `${name}: ${warning}`));
}

/** The items that no earlier run has finished, in order; reports progress, as many items take a while. */
async function* itemsToDo<I extends Item>(
  items: readonly I[],
  record: RunRecord,
  { overwrite, signal }: Pick<ItemOptions, "overwrite" | "signal">,
): AsyncGenerator<RunEvent, I[]> {
  const todo: I[] = [];
  let told = performance.now();
  for (let from = 0; from < items.length; from += looksAtOnce) {
    throwIfCancelled(signal);
    const part = items.slice(from, from + looksAtOnce);
    const isDone = await Promise.all(part.map((item) => wasDone(item, record, overwrite)));
    for (const [i, item] of part.entries()) if (!isDone[i]) todo.push(item);
    if (performance.now() - told < tellEveryMs) continue;
    told = performance.now();
    yield { type: "stage", message: `checking for finished images: ${from + part.length} of ${items.length}` };
  }
  return todo;
}

async function wasDone(item: Item, record: RunRecord, overwrite: boolean): Promise<boolean> {
  const standing = await record.standing(item, { overwrite });
  if (standing !== "unsure") return standing === "done";
  try {
    return record.isSame(item.name, await workOf(item));
  } catch (error) {
    if (!isItemError(error)) throw error;
    return false; // reported as a failure when its turn comes
  }
}

async function workOf({ inputs, prompt, targets }: Item): Promise<Work> {
  const hashes = await hashInputs(inputs);
  const [sums, stamps] = [hashes.map(({ sha256 }) => sha256), hashes.map(({ stamp }) => stamp)];
  return { inputs: sums, stamps, ...(prompt && { prompt }), ...(targets && { targets }) };
}
