import { join } from "node:path";
import { ConfigError, concernsOneInput, throwIfCancelled } from "../../../errors.ts";
import { remove } from "../../../files/atomic-write.ts";
import { listed } from "../../../listed.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { toldWhile } from "../../../run/told-while.ts";
import { streamThenDispose } from "../../../then-dispose.ts";
import { countTable } from "../counts.ts";
import type { DataSet } from "../data-set.ts";
import { dataSets } from "../data-sets.ts";
import { folderFiles } from "../read/folder-files.ts";
import { checkOutFolder } from "../read/out-folder.ts";
import { countFiles, leftOutRecord, leftOutWarnings } from "./count.ts";
import { isDone, layOut } from "./lay-out.ts";
import { filesOfImage, outputs } from "./layout.ts";
import { filesOf, type Plan, type Planned, planOf } from "./plan.ts";
import { type Failed, type LaidOut, PreparedRecord } from "./record.ts";
import type { DatasetsPrepareSettings } from "./settings.ts";
import { writeTables } from "./tables.ts";

/** Number of images that are read and written at once. */
const atOnce = 4;

/**
 * `medclip-sam datasets prepare`: lays out a downloaded data set as the other commands read it.
 *
 *   <split>_images/NAME.png   with <split>_masks/NAME.png, 0 and 255: for `segment`, `evaluate`, `weak run`, `finetune-sam`
 *   <split>_classes.csv       filename, class: for `segment --class-aware`
 *   <split>_captions.csv      filename, Caption, group: for `finetune` and `retrieve`
 *   manifest.csv              for each of these files what it was made from, with SHA-256
 *   run.json                  the same, settings, counts, and each file that was not used
 *
 * Files that cannot be used are named, and the others go on. The same files and settings give the same result; a rerun continues.
 *
 * @throws InputError when the folder holds no such data set
 * @throws ConfigError as `PreparedRecord.open` and `checkOutFolder`, for settings that cannot work, and when images of an earlier run would go or change their split without `overwrite`
 */
export async function* runDatasetsPrepare(settings: DatasetsPrepareSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { name, folder, out, overwrite } = settings;
  const dataSet: DataSet = dataSets[name];
  await checkOutFolder(out, { folder, results: outputs });
  yield { type: "stage", message: `looking through "${folder}"` };
  const files = await folderFiles(folder, { out });
  const plan = yield* toldWhile((tell) => planOf(files, dataSet, settings, { tell, signal }));
  const record = await PreparedRecord.open(settings, dataSet, leftOutRecord(plan.leftOut));
  yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
    const results = files.results.map((path) => `"${files.place(path)}" is the result of another run, and passed over`);
    for (const message of [...record.warnings, ...results, ...plan.warnings, ...leftOutWarnings(plan.leftOut)])
      yield { type: "warning", message };
    const old = outdated(plan, record);
    if (old.length > 0 && !overwrite) throw otherImages(out, old);
    await removeFiles([...record.replaced, ...old]);
    record.drop(old.map((item) => item.name));
    const todo: Planned[] = [];
    for (const planned of plan.items) {
      throwIfCancelled(signal);
      if (!(await isDone(planned, record.get(planned.item.name), files, out))) todo.push(planned);
    }
    const skipped = plan.items.length - todo.length;
    await record.begin();
    yield { type: "start", command: "datasets prepare", total: plan.items.length + plan.failures.length, done: skipped, out };
    const failed: Failed[] = [];
    const told = new Map<string, number>();
    const fail = async (failure: Failed): Promise<RunEvent> => {
      failed.push(failure);
      await record.fail(failure);
      return { type: "failure", name: failure.files[0]!, message: failure.message, code: "input" };
    };
    for (const { files: own, message } of plan.failures) yield await fail({ files: [...own], message });
    for (let at = 0; at < todo.length; at += atOnce) {
      throwIfCancelled(signal);
      for (const event of await Promise.all(todo.slice(at, at + atOnce).map((planned) => attempt(planned, fail))))
        yield toldOnce(event, told);
    }
    const items = record.items();
    const captions = new Map(plan.items.flatMap(({ item }) => (item.caption === undefined ? [] : [[item.name, item.caption]])));
    const unnamed = await writeTables(out, items, dataSet, captions);
    const counts = countFiles(files, { items, tables: plan.tables, failed });
    await record.finish(counts);
    const lines = [
      ...countTable(items, dataSet.paper, dataSet.group),
      `paper: ${dataSet.paperSplits}`,
      ...[...told].flatMap(([warning, count]) => (count > 1 ? [`${count} images: ${warning}`] : [])),
      `files: ${counts.found} found, ${counts.used} used, ${counts.leftOut} left out, ${counts.failed} failed`,
      ...[...unnamed].map(
        ([own, count]) => `not in the tables of classes, as no prompt set has sentences for it: ${own} (${count} images)`,
      ),
      out,
    ];
    const ms = Math.round(performance.now() - start);
    yield { type: "end", done: items.length - skipped, skipped, failed: failed.length, ms, lines };
  }, record);

  async function attempt(planned: Planned, fail: (failure: Failed) => Promise<RunEvent>): Promise<RunEvent> {
    const begun = performance.now();
    const { item } = planned;
    try {
      const made = await layOut(planned, files, out);
      await record.add(made);
      return { type: "item", name: item.name, ms: Math.round(performance.now() - begun), warnings: made.warnings ?? [] };
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      const before = record.get(item.name);
      if (before) await removeFiles([before]);
      record.drop([item.name]);
      return await fail({ files: filesOf(item), message: error.message });
    }
  }

  async function removeFiles(items: readonly LaidOut[]): Promise<void> {
    const paths = items.flatMap((item) => Object.values(filesOfImage(item)).filter((path) => path !== undefined));
    await remove(paths.map((path) => join(out, path)));
  }
}

/** Images of an earlier run that are no longer made, or are now in another split. */
function outdated({ items }: Plan, record: PreparedRecord): LaidOut[] {
  const splitOf = new Map(items.map(({ item, split }) => [item.name, split]));
  return record.items().filter(({ name, split }) => splitOf.get(name) !== split);
}

/** An item without the warnings that were told of others before; all are counted. */
function toldOnce(event: RunEvent, told: Map<string, number>): RunEvent {
  if (event.type !== "item") return event;
  const fresh = event.warnings.filter((warning) => !told.has(warning));
  for (const warning of event.warnings) told.set(warning, (told.get(warning) ?? 0) + 1);
  return { ...event, warnings: fresh };
}

function otherImages(out: string, old: readonly LaidOut[]): ConfigError {
  const names = listed(old, 3, ({ name, split }) => `${name} in ${split}`);
  return new ConfigError(
    `"${out}" holds ${old.length} images that are no longer in the folder, or now belong to another split, as other files are there: ${names}. Choose another --out, or pass --overwrite to replace them.`,
  );
}
