import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { copyAtomically } from "../../files/atomic-write.ts";
import { type Pack, writePackFile } from "../../hub/pack.ts";

/** What the notice of an adapted pack begins with; the notice of the first pack follows. */
const adaptedFrom = /^adapted to \d+ images of its user .* notice: /;

/** The notice that results of the adapted pack carry. */
export function adaptedNotice({ notice }: Pick<Pack, "notice">, train: number, prompt: readonly string[]): string {
  return `adapted to ${train} images of its user ("${prompt[0]}"), from a pack with this notice: ${notice.replace(adaptedFrom, "")}`;
}

/** Name of a pack in a folder, for messages. */
const nameOf = (folder: string): string =>
  basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "") || "adapted";

/** The trained models, and what the pack says about its results. */
export interface AdaptedPack {
  readonly clip: string;
  readonly sam: string;
  readonly notice: string;
}

/**
 * Writes an adapted pack: the models as the trainings exported them, with the types of the original weights, the settings and the label of the original pack.
 *
 * @param pack - the original
 */
export async function writeAdaptedPack(out: string, pack: Pack, { clip, sam, notice }: AdaptedPack): Promise<void> {
  for (const [part, model] of [
    ["clip", clip],
    ["sam", sam],
  ] as const)
    for (const name of await readdir(model)) await copyAtomically(join(model, name), join(out, part, name));
  const { label, defaults } = pack;
  await writePackFile(out, { name: nameOf(out), notice, ...(label !== undefined && { label }), clip: "clip", sam: "sam", defaults });
}

/** Texts of a pack that must stay with what descends from it. */
const credits = /^(ORIGIN-.*\.md|LICEN[CS]E.*|NOTICE.*|CREDITS.*|ATTRIBUTION.*)$/i;

/**
 * Copies the model card of a pack and its licence texts beside the card of a pack that descends from it.
 *
 * @returns the names of the copied model cards
 */
export async function copyCredits(pack: Pack, out: string): Promise<string[]> {
  const names = (await readdir(pack.folder)).sort();
  const copies = names.flatMap((name) =>
    name === "README.md" ? [[name, `ORIGIN-${pack.name}.md`]] : credits.test(name) ? [[name, name]] : [],
  );
  for (const [from, to] of copies) await copyAtomically(join(pack.folder, from!), join(out, to!));
  return copies.flatMap(([, to]) => (to!.endsWith(".md") ? [to!] : []));
}
