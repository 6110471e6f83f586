import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { masksBehindDefaults } from "../../src/gate/index.ts";
import { locatePack } from "../../src/hub/pack.ts";
import { jobs } from "../../src/jobs/jobs.ts";
import { defaultsOf } from "../../src/pipeline/models/pack-settings.ts";
import { PhantomSettings } from "../../src/pipeline/phantom/settings.ts";
import { WeakPseudoLabelSettings } from "../../src/pipeline/weak/pseudo-label/settings.ts";
import { WeakRunSettings } from "../../src/pipeline/weak/run/settings.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { readLabels } from "../../src/scans/read-labels.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-run-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

async function eventsOf(run: AsyncGenerator<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

let pack: Record<string, unknown>;
beforeAll(async () => {
  const found = await locatePack("packs/phantom");
  pack = { ...defaultsOf(found), clip: found.clip, sam: found.sam, pack: found.folder };
  const phantoms = { count: 8, seed: 3, modalities: ["breast-ultrasound"], size: 64 };
  await eventsOf((await jobs.phantom())(PhantomSettings.parse({ ...phantoms, out: at("scans") }), {}));
  writeFileSync(at("scans", "images", "zz-damaged.png"), "no picture");
});

const prompt = ["A breast ultrasound showing a lesion"];
const labelling = (out: string, more: object = {}) =>
  WeakPseudoLabelSettings.parse({
    ...pack,
    inputs: [at("scans", "images")],
    prompt,
    out: at(out),
    seeds: 2,
    perturbations: 1,
    threads: 1,
    minKept: 3,
    ...more,
  });
const makeLabels = async (settings: WeakPseudoLabelSettings) => eventsOf((await jobs["weak pseudo-label"]())(settings, {}));

const filesOf = (out: string): Record<string, string> =>
  Object.fromEntries(
    (readdirSync(at(out), { recursive: true }) as string[])
      .filter((file) => /\.(png|csv|npy|safetensors)$|dataset\.json$|gate\.json$|scores.*json$/.test(file))
      .map((file) => [file, readFileSync(at(out, file)).toString("base64")]),
  );

test("images become a data set of judged pseudo-labels, and an unreadable one is named", async () => {
  const events = await makeLabels(labelling("labels"));
  expect(events.at(-1)).toMatchObject({ type: "end", done: 8, failed: 1 });
  expect(events.filter(({ type }) => type === "failure")).toMatchObject([{ name: "zz-damaged", code: "input" }]);
  const gate = JSON.parse(readFileSync(at("labels", "gate.json"), "utf8"));
  expect(gate.decisions).toHaveLength(8);
  const kept = gate.decisions.filter(({ weight }: { weight: number }) => weight > 0).map(({ name }: { name: string }) => name);
  const dataset = JSON.parse(readFileSync(at("labels", "Dataset001_target", "dataset.json"), "utf8"));
  expect(dataset).toMatchObject({ channel_names: { 0: "gray" }, labels: { background: 0, target: 1 }, numTraining: kept.length });
  expect(dataset.pseudo_labels).toEqual({ prompts: prompt, true_masks_used: masksBehindDefaults });
  expect(readdirSync(at("labels", "Dataset001_target", "labelsTr")).sort()).toEqual(kept.map((name: string) => `${name}.png`).sort());
  const weights = readFileSync(at("labels", "weights.csv"), "utf8").trim().split("\n");
  expect(weights).toHaveLength(1 + kept.length);
  const page = readFileSync(at("labels", "report.html"), "utf8");
  expect(page).toContain("Quality of the pseudo-labels");
  expect(page).toMatch(/weak pseudo-label \S+images --prompt/);
  expect(page.split("data:image/webp").length - 1).toBe(8);
});

test("started again it keeps all, and another folder gets the same bytes", async () => {
  const before = filesOf("labels");
  expect((await makeLabels(labelling("labels"))).at(-1)).toMatchObject({ done: 0, skipped: 8 });
  expect(filesOf("labels")).toEqual(before);
  // The same images under another path are the same images.
  renameSync(at("scans"), at("moved"));
  const moved = labelling("labels", { inputs: [at("moved", "images")] });
  expect((await makeLabels(moved)).at(-1)).toMatchObject({ done: 0, skipped: 8 });
  expect(filesOf("labels")).toEqual(before);
  renameSync(at("moved"), at("scans"));
  await makeLabels(labelling("again"));
  expect(filesOf("again")).toEqual(before);
  await expect(makeLabels(labelling("labels", { embeddingNoise: 0.3 }))).rejects.toThrow(/embeddingNoise was 0.1, now it is 0.3/);
});

test("too few usable pseudo-labels stop before a training, with the decisions and the page written", async () => {
  await expect(makeLabels(labelling("few", { minKept: 100 }))).rejects.toThrow(/expected at least 100/);
  expect(existsSync(at("few", "report.html"))).toBe(true);
  expect(JSON.parse(readFileSync(at("few", "gate.json"), "utf8")).error).toMatch(/expected at least 100/);
  expect(existsSync(at("few", "Dataset001_target"))).toBe(false);
});

test("near-duplicates of test images are not trained on, and members that disagree make ignored pixels", async () => {
  const copied = join(at("scans", "images"), readdirSync(at("scans", "images")).sort()[0]!);
  const events = await makeLabels(
    labelling("leaks", { testImages: [copied], prompt: [...prompt, "the mass in a breast ultrasound"], ignoreDisagreement: true }),
  );
  const gate = JSON.parse(readFileSync(at("leaks", "gate.json"), "utf8"));
  expect(gate.leaks).toMatchObject([{ distance: 0 }]);
  const dataset = JSON.parse(readFileSync(at("leaks", "Dataset001_target", "dataset.json"), "utf8"));
  expect(dataset.labels).toEqual({ background: 0, target: 1, ignore: 2 });
  expect(readdirSync(at("leaks", "Dataset001_target", "labelsTr"))).not.toContain(`${gate.leaks[0].image}.png`);
  expect(JSON.stringify(events.at(-1))).toContain("dropped as near-duplicates of 1 test image: 1");
  const { labels } = await readLabels(at("leaks", "labels", `${gate.decisions[0].name}.png`));
  expect([...new Set(labels.data)].every((value) => value <= 2)).toBe(true);
});

test("the whole loop ends in ensemble masks, maps, a comparison and a page, and repeats", async () => {
  const settings = WeakRunSettings.parse({
    ...{
      ...labelling("run"),
      testImages: [at("scans", "images")],
      testMasks: at("scans", "masks_lesion"),
      trainMasks: at("scans", "masks_lesion"),
    },
    ...{
      turnedCopies: false,
      hashDistance: 0,
      detailCorrelation: 1,
      testImages: [],
      preset: "quick",
      epochs: 3,
      epochSteps: 2,
      longestSide: 32,
      workers: 0,
    },
  });
  const run = async (out: string) => eventsOf((await jobs["weak run"]())({ ...settings, out: at(out) }, {}));
  const events = await run("run");
  expect(events.at(-1)).toMatchObject({ type: "end", done: 9 });
  const { masksUsed, methods } = JSON.parse(readFileSync(at("run", "results.json"), "utf8"));
  expect(masksUsed).toBe(masksBehindDefaults);
  expect(methods.map(({ name }: { name: string }) => name)).toEqual(["zero-shot", "single checkpoint", "ensemble", "fully supervised"]);
  for (const { evaluation } of methods) expect(evaluation.images).toHaveLength(readdirSync(at("scans", "masks_lesion")).length);
  expect(readFileSync(at("run", "report.html"), "utf8")).toMatch(
    /Results[\s\S]*Quality of the pseudo-labels[\s\S]*Training[\s\S]*Review list[\s\S]*weak run --config/,
  );
  const before = filesOf("run");
  await run("run");
  expect(filesOf("run")).toEqual(before);

  // An image that has changed would get another pseudo-label, which the training would refuse.
  const [name] = readdirSync(at("scans", "images")).sort() as [string];
  const image = at("scans", "images", name);
  const content = readFileSync(image);
  writeFileSync(image, readFileSync(at("scans", "masks_lesion", name)));
  await expect(run("run")).rejects.toThrow(`1 image changed since the training in "${at("run")}" began ("${image}")`);
  expect(filesOf("run")).toEqual(before);
  writeFileSync(image, content);

  // An image without a true mask is named once, by the folder that was given.
  cpSync(at("scans", "masks_lesion"), at("some-masks"), { recursive: true });
  rmSync(at("some-masks", name));
  const again = await eventsOf(
    (await jobs["weak run"]())({ ...settings, trainMasks: undefined, testMasks: at("some-masks"), out: at("run") }, {}),
  );
  const warnings = again.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  expect(warnings.filter((message) => /without a (true mask|label map)/.test(message))).toEqual([
    expect.stringContaining(`4 images without a true mask in "${at("some-masks")}", not compared: `),
  ]);
});

test("results among the images, other settings and too few images beside the test set are refused before anything changes", async () => {
  const inside = labelling("x", { out: at("scans", "images", "labels") });
  await expect(makeLabels(inside)).rejects.toThrow(/lies in the folder of the images.*Choose a folder beside it/);
  await expect(makeLabels(labelling("same-set", { testImages: [at("scans", "images")] }))).rejects.toThrow(
    /0 of 8 pseudo-labels are left.*near-duplicate \(8\)/,
  );
  const page = readFileSync(at("same-set", "report.html"), "utf8");
  expect(page).toContain("near-duplicate of the test image");
  const run = async (more: object) => {
    const settings = WeakRunSettings.parse({
      ...labelling("run"),
      testMasks: at("scans", "masks_lesion"),
      epochs: 3,
      epochSteps: 2,
      ...more,
    });
    return eventsOf((await jobs["weak run"]())({ ...settings, out: at("run") }, {}));
  };
  const before = readFileSync(at("run", "settings.yaml"), "utf8");
  await expect(run({ name: "other" })).rejects.toThrow(/name was "target", now it is "other"/);
  expect(readFileSync(at("run", "settings.yaml"), "utf8")).toBe(before);
});

test("a damaged result names the remedy, and is made anew once it is removed", async () => {
  const name = (JSON.parse(readFileSync(at("labels", "gate.json"), "utf8")).decisions as { name: string }[])[0]!.name;
  const before = filesOf("labels");
  for (const file of [at("labels", "facts", `${name}.json`), at("labels", "labels", `${name}.png`)]) {
    writeFileSync(file, readFileSync(file).subarray(0, 30));
    await expect(makeLabels(labelling("labels"))).rejects.toThrow(/Remove it, and run again/);
    rmSync(file);
    expect((await makeLabels(labelling("labels"))).at(-1)).toMatchObject({ done: 1, skipped: 7 });
  }
  expect(filesOf("labels")).toEqual(before);
});
