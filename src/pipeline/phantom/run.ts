import { existsSync } from "node:fs";
import { join } from "node:path";
import { throwIfCancelled } from "../../errors.ts";
import { remove, writeAtomic } from "../../files/atomic-write.ts";
import type { Mask } from "../../image/index.ts";
import { type Phantom, phantom, structureNames, vocabulary } from "../../phantom/index.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { type DrawnImage, PhantomRecord } from "./record.ts";
import type { PhantomSettings } from "./settings.ts";
import { captionsCsv, promptsJson, regionsCsv, targetOf } from "./tables.ts";

/** Number of images whose files are written while the next one is drawn. */
const atOnce = 4;

interface Task {
  readonly name: string;
  readonly modality: PhantomSettings["modalities"][number];
  readonly index: number;
}

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
 * The same settings give the same bytes. Existing images are not drawn again; a folder can grow by a larger count, another start or more
 * modalities, and its tables cover all images.
 *
 * @throws ConfigError when the folder holds images of another seed, size or version and `overwrite` is not set
 */
export async function* runPhantom(settings: PhantomSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { out, seed, size } = settings;
  const record = await PhantomRecord.open(settings);
  const writing: Promise<RunEvent>[] = [];
  const write = async (task: Task, drawn: Phantom, begun: number): Promise<RunEvent> => {
    const image = recordOf(task, drawn);
    await writeImage(out, drawn, image, seed);
    await record.add(image);
    return { type: "item", name: task.name, ms: Math.round(performance.now() - begun), warnings: [] };
  };
  const written = { close: async () => void (await Promise.allSettled(writing)) };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      for (const message of record.warnings) yield { type: "warning", message };
      await removeReplaced(out, record.replaced);
      const tasks = tasksOf(settings);
      const todo = tasks.filter(({ name }) => !record.has(name) || !existsSync(imageFile(out, name)));
      const skipped = tasks.length - todo.length;
      await record.begin();
      yield { type: "start", command: "phantom", total: tasks.length, done: skipped, out };
      for (const task of todo) {
        throwIfCancelled(signal);
        const begun = performance.now();
        writing.push(write(task, phantom(task.modality, seed, task.index, size), begun));
        writing.at(-1)!.catch(() => {}); // reported when it is awaited
        if (writing.length >= atOnce) yield await writing.shift()!;
      }
      while (writing.length > 0) yield await writing.shift()!;
      await record.finish();
      const images = record.images();
      await writeAtomic(join(out, "captions.csv"), captionsCsv(images, seed));
      await writeAtomic(join(out, "regions.csv"), regionsCsv(images, seed));
      await writeAtomic(join(out, "prompts.json"), promptsJson(images, seed));
      await writeAtomic(join(out, "vocab.txt"), `${vocabulary().join("\n")}\n`);
      yield { type: "end", done: todo.length, skipped, failed: 0, ms: Math.round(performance.now() - start), lines: [out] };
    },
    written,
    record,
  );
}

function tasksOf({ modalities, start, count }: PhantomSettings): Task[] {
  return [...new Set(modalities)].flatMap((modality) =>
    Array.from({ length: count }, (_, i) => {
      const index = start + i;
      return { name: `${modality}-${String(index).padStart(5, "0")}`, modality, index };
    }),
  );
}

const imageFile = (out: string, name: string) => join(out, "images", `${name}.png`);
const maskFile = (out: string, structure: string, name: string) => join(out, `masks_${structure}`, `${name}.png`);

function recordOf({ name, modality, index }: Task, { structures }: Phantom): DrawnImage {
  return { name, modality, index, structures: Object.fromEntries([...structures].map(([structure, { facts }]) => [structure, facts])) };
}

/** The image is written last, so that an existing image has its masks. */
async function writeImage(out: string, { image, structures }: Phantom, drawn: DrawnImage, seed: number): Promise<void> {
  const masks = new Map([...structures].map(([structure, { mask }]) => [structure, mask]));
  const sides = [masks.get("left_lung"), masks.get("right_lung")].filter((mask) => mask !== undefined);
  if (sides.length > 0) masks.set("lungs", union(sides));
  const target = masks.get(targetOf(drawn, seed)) ?? { ...image, data: new Uint8Array(image.data.length) };
  await Promise.all([
    ...[...masks].map(([structure, mask]) => writeMask(maskFile(out, structure, drawn.name), mask)),
    writeMask(join(out, "masks", `${drawn.name}.png`), target),
  ]);
  await writeGray(imageFile(out, drawn.name), image);
}

function union([first, ...others]: readonly Mask[]): Mask {
  return { ...first!, data: first!.data.map((value, i) => (others.some(({ data }) => data[i] === 1) ? 1 : value)) };
}

/** Removes results of other settings. */
async function removeReplaced(out: string, replaced: readonly DrawnImage[]): Promise<void> {
  const folders = ["images", "masks", ...structureNames.map((structure) => `masks_${structure}`)];
  for (const { name } of replaced) await remove(folders.map((folder) => join(out, folder, `${name}.png`)));
  if (replaced.length === 0) return;
  await remove(["captions.csv", "regions.csv", "prompts.json", "phantoms.json"].map((table) => join(out, table)));
}
