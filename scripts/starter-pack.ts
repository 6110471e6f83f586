/**
 * Trains the starter pack on real scans: lays the data out as tables, trains a small CLIP and a small SAM with the commands of this package, and writes
 * both in half precision beside their `pack.json`.
 *
 *     npm run pack:starter -- --data DIR --work DIR --out DIR
 *
 * It can be stopped at any time and then resumes, stage by stage. The same sources, kind of processor and number of threads give the same bytes. With
 * `--minute` it uses a few images and steps, to test the script; the resulting pack is useless.
 */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writePackFile } from "../src/hub/pack.ts";
import { loadModel } from "../src/index.ts";
import { positional, runCommand, runStages, type Settings, type Stage, writeHalf } from "./pack-stages.ts";
import { type ChosenSettings, chooseSettings } from "./starter/choose-settings.ts";
import { csvOf } from "./starter/csv.ts";
import { setsOf } from "./starter/questions.ts";
import { starterRecipes } from "./starter/recipe.ts";
import { mainTargets, type Scan, scansOf, tablesOf } from "./starter/tables.ts";
import { captionWords, starterVocabulary, thingsOf } from "./starter/vocabulary.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    work: { type: "string" },
    out: { type: "string" },
    minute: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    command: { type: "string", default: "dist/cli/main.js" },
  },
});
if (!flags.data || !flags.work || !flags.out) throw new Error("--data DIR, --work DIR and --out DIR are needed");
const [data, work, out] = [resolve(flags.data), resolve(flags.work), resolve(flags.out)];
const at = (...parts: string[]) => join(work, ...parts);
const { images, clip, sam, defaults } = starterRecipes[flags.minute ? "minute" : "full"];
const { threads } = flags;
const seed = 1;

const notice =
  "starter pack: small networks trained on public scans of a few kinds. For research and demonstration; not a medical device, and no mask of it may be relied on.";

await mkdir(work, { recursive: true });
await runStages(work, [
  ["lay out the data", layOut],
  ["begin a CLIP", () => init("clip", clip.sizes, { vocab: at("vocab.txt") })],
  ...clip.stages.map(
    (stage, i): Stage => [
      `train the CLIP ${i + 1}`,
      () =>
        command("finetune", {
          ...{ clip: modelOf("clip", i), pairs: at("pairs.csv"), images: data, regions: at("regions.csv"), masks: data },
          ...{ out: at(`clip-${i + 1}`), threads, seed: seed + i },
          ...clip.training,
          ...stage,
        }),
    ],
  ),
  ["make coarse masks with the CLIP", coarseMasks],
  ["begin a SAM", () => init("sam", sam.sizes, {})],
  ...sam.stages.map(
    (stage, i): Stage => [
      `train the SAM ${i + 1}`,
      () =>
        command("finetune-sam", {
          sam: modelOf("sam", i),
          data: at("targets.csv"),
          out: at(`sam-${i + 1}`),
          threads,
          seed: seed + i,
          ...stage,
        }),
    ],
  ),
  ["choose the settings", choose],
  ["write the pack", writePack],
]);
process.stdout.write(`the pack is in ${out}\n`);

function command(name: string, settings: Settings): Promise<void> {
  return runCommand(flags.command, name, settings);
}

/** The scans of a split that are used. */
async function scansIn(split: Scan["split"]): Promise<Scan[]> {
  const scans = (await scansOf(data)).filter((scan) => scan.split === split);
  if (images === undefined) return scans;
  const kinds = new Map<string, number>();
  return scans.filter(({ kind }) => {
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    return kinds.get(kind)! <= images;
  });
}

/** Writes the tables of the training images and the vocabulary. */
async function layOut(): Promise<void> {
  const scans = await scansIn("train");
  const words = await captionWords(join(data, "data", "captions_medpix", "captions.csv"));
  const { pairs, regions } = tablesOf(scans, thingsOf(words));
  await writeFile(at("pairs.csv"), csvOf([["filename", "Caption"], ...pairs]));
  await writeFile(at("regions.csv"), csvOf([["filename", "phrase", "mask"], ...regions]));
  const captions = scans.flatMap((scan) => scan.captions);
  await writeFile(at("vocab.txt"), `${starterVocabulary(words, captions).join("\n")}\n`);
}

/** A model with initial weights in `start/`. */
async function init(kind: "clip" | "sam", sizes: object, options: { readonly vocab?: string }): Promise<void> {
  await writeFile(at(`${kind}.json`), JSON.stringify({ [kind]: sizes }));
  await command("models init", { [positional]: at(`${kind}.json`), purpose: "training", seed, out: at("start", kind), ...options });
}

/** Coarse masks of the main target of each training image, and the table of SAM's targets with them. */
async function coarseMasks(): Promise<void> {
  const scans = await scansIn("train");
  const rows: string[][] = [];
  for (const folder of new Set(scans.map(({ image }) => image.slice(0, image.lastIndexOf("/"))))) {
    const own = scans.filter(({ image }) => image.startsWith(`${folder}/`));
    const place = at("coarse", folder.replaceAll("/", "-"));
    await writeFile(
      at("prompts.json"),
      JSON.stringify(Object.fromEntries(own.map(({ kind, image }) => [nameOf(image), mainTargets[kind].prompt]))),
    );
    await command("saliency", {
      ...{
        [positional]: own.map(({ image }) => join(data, image)),
        prompts: at("prompts.json"),
        clip: modelOf("clip", clip.stages.length),
      },
      ...{ out: place, threads, ...defaults.saliency },
    });
    await command("coarse", { [positional]: place, out: place, ...defaults.coarse });
    for (const { kind, image, masks } of own)
      for (const [name, mask] of uniqueMasks(masks))
        rows.push([
          join(data, image),
          join(data, mask),
          name === mainTargets[kind].name ? join(place, "coarse", `${nameOf(image).replace(/\.\w+$/, "")}.png`) : "",
          name,
        ]);
  }
  await writeFile(at("targets.csv"), csvOf([["image", "mask", "coarse", "group"], ...rows]));
}

/** Each mask once, under the first of its names. */
function uniqueMasks(masks: ReadonlyMap<string, string>): [name: string, file: string][] {
  const seen = new Set<string>();
  return [...masks].filter(([, file]) => {
    const isNew = !seen.has(file);
    seen.add(file);
    return isNew;
  });
}

function nameOf(image: string): string {
  return image.slice(image.lastIndexOf("/") + 1);
}

/** What the defaults leave open, chosen on images of the training split that no model was trained on. */
async function choose(): Promise<void> {
  const model = await loadModel({ clip: modelOf("clip", clip.stages.length), sam: modelOf("sam", sam.stages.length) });
  const sets = setsOf(data, await scansIn("calibration"), "calibration");
  const chosen = await chooseSettings(model, sets, { ...defaults.saliency, ...defaults.coarse, ...defaults.refine });
  await model.dispose();
  await writeFile(at("settings.json"), `${JSON.stringify(chosen, null, 2)}\n`);
}

async function writePack(): Promise<void> {
  for (const part of ["clip", "sam"]) await mkdir(join(out, part), { recursive: true });
  const [ofClip, ofSam] = [modelOf("clip", clip.stages.length), modelOf("sam", sam.stages.length)];
  const origin = "trained on public scans; research use only";
  await writeHalf(join(ofClip, "open_clip_model.safetensors"), join(out, "clip", "open_clip_model.safetensors"), origin);
  await writeHalf(join(ofSam, "model.safetensors"), join(out, "sam", "model.safetensors"), origin);
  for (const file of ["open_clip_config.json", "vocab.txt"]) await copyFile(join(ofClip, file), join(out, "clip", file));
  const { settings: chosen } = JSON.parse(await readFile(at("settings.json"), "utf8")) as ChosenSettings;
  const settings = { ...defaults.saliency, ...defaults.coarse, ...defaults.refine, ...chosen };
  await writePackFile(out, { name: "starter", notice, label: "research use only", clip: "clip", sam: "sam", defaults: settings });
}

/** The model before the first stage, or behind the given one. */
function modelOf(part: "clip" | "sam", stages: number): string {
  return stages === 0 ? at("start", part) : at(`${part}-${stages}`, "model");
}
