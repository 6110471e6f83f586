/**
 * Makes the pack that comes with this package, from an empty folder: generates phantoms, trains a small CLIP and a small SAM on them with the commands
 * of this package, and writes both in half precision beside their `pack.json`.
 *
 *     npm run pack:phantom -- --work DIR --out packs/phantom
 *
 * It can be stopped at any time and then resumes. The same sources, machine and number of threads give the same bytes. With `--minute`
 * everything is a hundred times smaller, to test the script; the resulting pack is useless.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writePackFile } from "../src/hub/pack.ts";
import type { DrawnImage } from "../src/pipeline/phantom/record.ts";
import { targetOf } from "../src/pipeline/phantom/tables.ts";
import { positional, runCommand, runStages, type Settings, type Stage, writeHalf } from "./pack-stages.ts";
import { type PackRecipe, packRecipes } from "./phantom-recipe.ts";

const { values: flags } = parseArgs({
  options: {
    work: { type: "string" },
    out: { type: "string" },
    minute: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    command: { type: "string", default: "dist/cli/main.js" },
  },
});
if (!flags.work || !flags.out) throw new Error("--work DIR and --out DIR are needed");
const [work, out] = [resolve(flags.work), resolve(flags.out)];
const at = (...parts: string[]) => join(work, ...parts);
const recipe: PackRecipe = packRecipes[flags.minute ? "minute" : "full"];
const { phantoms, clip, sam, defaults } = recipe;

/** What the metadata of the weights say. */
const origin = "trained on phantoms; a demonstration, not for patients";

await mkdir(work, { recursive: true });
const stages: readonly Stage[] = [
  ["draw phantoms", () => command("phantom", { out: at("train"), count: phantoms.count, seed: phantoms.seed })],
  ["begin a CLIP", () => init("clip", clip.sizes, { vocab: at("train", "vocab.txt") })],
  [
    "train the CLIP",
    () =>
      command("finetune", {
        clip: at("start", "clip"),
        pairs: at("train", "captions.csv"),
        regions: at("train", "regions.csv"),
        out: at("clip"),
        threads: flags.threads,
        ...clip.training,
      }),
  ],
  [
    "make coarse masks with the CLIP",
    async () => {
      const model = at("clip", "model");
      await firstImages();
      await command("saliency", {
        [positional]: at("prompted"),
        clip: model,
        prompts: at("train", "prompts.json"),
        out: at("saliency"),
        threads: flags.threads,
        ...defaults.saliency,
      });
      await command("coarse", { [positional]: at("saliency"), out: at("saliency"), ...sam.coarse });
      await sortByTarget();
    },
  ],
  ["begin a SAM", () => init("sam", sam.sizes, {})],
  ["train the SAM", () => trainSam(at("start", "sam"), at("sam"), sam.training)],
  ["finish the SAM", () => trainSam(at("sam", "model"), at("sam-finished"), sam.finish)],
  ["write the pack", writePack],
];
await runStages(work, stages);
process.stdout.write(`the pack is in ${out}\n`);

/** Runs a command of this package. */
function command(name: string, settings: Settings): Promise<void> {
  return runCommand(flags.command, name, settings);
}

/** A model with initial weights in `start/`. */
async function init(kind: "clip" | "sam", sizes: unknown, options: { readonly vocab?: string }): Promise<void> {
  const file = at(`${kind}.json`);
  await writeFile(file, JSON.stringify({ [kind]: sizes }));
  await command("models init", { [positional]: file, purpose: "training", seed: phantoms.seed, out: at("start", kind), ...options });
}

async function trainSam(from: string, to: string, settings: Settings): Promise<void> {
  const { seed } = phantoms;
  await command("finetune-sam", { sam: from, data: at("train"), coarse: at("coarse"), out: to, seed, threads: flags.threads, ...settings });
}

/** Copies the phantoms whose coarse masks SAM is trained on into a separate folder. */
async function firstImages(): Promise<void> {
  await mkdir(at("prompted"), { recursive: true });
  for (const { name, index } of await drawn())
    if (index < phantoms.prompted) await copyFile(at("train", "images", `${name}.png`), at("prompted", `${name}.png`));
}

/** Coarse masks by the structure in their text prompt, as `finetune-sam --coarse` reads them. */
async function sortByTarget(): Promise<void> {
  for (const image of await drawn()) {
    const mask = at("saliency", "coarse", `${image.name}.png`);
    if (!existsSync(mask)) continue;
    const folder = at("coarse", targetOf(image, phantoms.seed));
    await mkdir(folder, { recursive: true });
    await copyFile(mask, join(folder, `${image.name}.png`));
  }
}

async function drawn(): Promise<readonly DrawnImage[]> {
  return (JSON.parse(await readFile(at("train", "phantoms.json"), "utf8")) as { images: DrawnImage[] }).images;
}

async function writePack(): Promise<void> {
  await mkdir(join(out, "clip"), { recursive: true });
  await mkdir(join(out, "sam"), { recursive: true });
  await writeHalf(at("clip", "model", "open_clip_model.safetensors"), join(out, "clip", "open_clip_model.safetensors"), origin);
  await writeHalf(at("sam-finished", "model", "model.safetensors"), join(out, "sam", "model.safetensors"), origin);
  for (const file of ["open_clip_config.json", "vocab.txt"]) await copyFile(at("clip", "model", file), join(out, "clip", file));
  await writePackFile(out, {
    name: "phantom",
    notice: recipe.notice,
    label: recipe.label,
    clip: "clip",
    sam: "sam",
    defaults: { ...defaults.saliency, ...defaults.coarse, ...defaults.refine },
  });
}
