import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, throwIfCancelled } from "../../errors.ts";
import { remove, writeAtomic } from "../../files/atomic-write.ts";
import { type Modality, modalities, structureNames, vocabulary, volumeModalities } from "../../phantom/index.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { type DrawnImage, PhantomRecord } from "./record.ts";
import type { PhantomSettings } from "./settings.ts";
import { captionsCsv, type Ending, promptsJson, regionsCsv } from "./tables.ts";
import { type Drawn, drawn, writeDrawn } from "./write.ts";

/** Number of images whose files are written while the next one is drawn. */
const atOnce = 4;

/** A scan to draw. */
type Task = Pick<DrawnImage, "name" | "modality" | "index">;

/**
 * Draws a data set of synthetic scans (phantoms), in the layout that the other commands read:
 *
 *   images/NAME.png             8-bit gray; NAME is <modality>-<index>
 *   masks/NAME.png              the target of prompts.json; empty if the image does not show it
 *   masks_<structure>/NAME.png  each structure that the image shows; `lungs` is the union of its sides
 *   captions.csv                for `finetune --pairs`
 *   regions.csv                 for `finetune --regions`
 *   prompts.json, vocab.txt     for `segment --prompts`, and for training a CLIP model from scratch
 *   phantoms.json               what each image shows: kind, side, size, site
 *
 * With `volume` the scans of chest CT and brain MRI are NIfTI volumes, NAME.nii.gz, as int16 (CT: Hounsfield units) with their masks as labels on the same
 * grid: columns to the patient's left, rows to the back, slices to the head, in millimetres.
 *
 * The same settings give the same bytes. Existing images are not drawn again; a folder can grow by a larger count, another start or more
 * modalities, and its tables cover all images.
 *
 * @throws ConfigError when the folder holds images of another seed, size or version and `overwrite` is not set
 */
export async function* runPhantom(settings: PhantomSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { out, seed, volume } = settings;
  const record = await PhantomRecord.open(settings);
  const writing: Promise<RunEvent>[] = [];
  const ending: Ending = volume ? "nii.gz" : "png";
  const write = async (task: Task, scan: Drawn, begun: number): Promise<RunEvent> => {
    const image = recordOf(task, scan);
    await writeDrawn(out, scan, image, seed);
    await record.add(image);
    return { type: "item", name: task.name, ms: Math.round(performance.now() - begun), warnings: [] };
  };
  const written = { close: async () => void (await Promise.allSettled(writing)) };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      for (const message of record.warnings) yield { type: "warning", message };
      await removeReplaced(out, record.replaced);
      const tasks = tasksOf(settings);
      const todo = tasks.filter(({ name }) => !record.has(name) || !existsSync(join(out, "images", `${name}.${ending}`)));
      const skipped = tasks.length - todo.length;
      await record.begin();
      yield { type: "start", command: "phantom", total: tasks.length, done: skipped, out };
      for (const task of todo) {
        throwIfCancelled(signal);
        const begun = performance.now();
        writing.push(write(task, drawn(task.modality, task.index, settings), begun));
        writing.at(-1)!.catch(() => {}); // reported when it is awaited
        if (writing.length >= (volume ? 1 : atOnce)) yield await writing.shift()!;
      }
      while (writing.length > 0) yield await writing.shift()!;
      await record.finish();
      const images = record.images();
      await writeAtomic(join(out, "captions.csv"), captionsCsv(images, seed, ending));
      await writeAtomic(join(out, "regions.csv"), regionsCsv(images, seed, ending));
      await writeAtomic(join(out, "prompts.json"), promptsJson(images, seed, ending));
      await writeAtomic(join(out, "vocab.txt"), `${vocabulary().join("\n")}\n`);
      yield { type: "end", done: todo.length, skipped, failed: 0, ms: Math.round(performance.now() - start), lines: [out] };
    },
    written,
    record,
  );
}

function tasksOf(settings: PhantomSettings): Task[] {
  const { start, count } = settings;
  return [...new Set(modalitiesOf(settings))].flatMap((modality) =>
    Array.from({ length: count }, (_, i) => {
      const index = start + i;
      return { name: `${modality}-${String(index).padStart(5, "0")}`, modality, index };
    }),
  );
}

/** All modalities stand for those that have volumes, where volumes are asked for. */
function modalitiesOf({ modalities: asked, volume }: PhantomSettings): readonly Modality[] {
  if (!volume) return asked;
  const isVolume = (modality: Modality): boolean => volumeModalities.some((each) => each === modality);
  const others = asked.filter((modality) => !isVolume(modality));
  if (others.length > 0 && asked.length < modalities.length)
    throw new ConfigError(`--volume: there are no volumes of ${others.join(", ")}. Choose from ${volumeModalities.join(", ")}.`);
  return asked.filter(isVolume);
}

function recordOf({ name, modality, index }: Task, { structures }: Drawn): DrawnImage {
  return { name, modality, index, structures: Object.fromEntries([...structures].map(([structure, { facts }]) => [structure, facts])) };
}

/** Removes results of other settings. */
async function removeReplaced(out: string, replaced: readonly DrawnImage[]): Promise<void> {
  const folders = ["images", "masks", ...structureNames.map((structure) => `masks_${structure}`)];
  for (const { name } of replaced)
    await remove(folders.flatMap((folder) => ["png", "nii.gz"].map((ending) => join(out, folder, `${name}.${ending}`))));
  if (replaced.length === 0) return;
  await remove(["captions.csv", "regions.csv", "prompts.json", "phantoms.json"].map((table) => join(out, table)));
}
