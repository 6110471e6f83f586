import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import { adapt, loadPack, type RunEvent, segment } from "../../src/index.ts";
import { wordVocabulary } from "../../src/phantom/vocabulary.ts";
import { uniform } from "../../src/tensor/random.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoDenseClip, nanoSam } from "../support/models.ts";
import { collect, warningsOf } from "../support/tiny-run.ts";

// A pack is adapted to a few outlined images, with models of some thousand parameters and two steps each.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-adapt-"));
const at = (...parts: string[]) => join(folder, ...parts);
const text = (...parts: string[]) => readFileSync(at(...parts), "utf8");
const json = (...parts: string[]) => JSON.parse(text(...parts));
const notice = "nano pack: for tests.";
const [width, height] = [48, 40];

/** A bright disc on noise, and its mask; without the disc the mask is empty. */
async function writePicture(set: string, name: string, { isShown = true, levels = [0, 255] as readonly number[] } = {}): Promise<void> {
  const noise = uniform(`picture/${name}`, 1);
  const inside = (k: number) => isShown && Math.hypot((k % width) - 20 - 2 * name.length, Math.floor(k / width) - 18) < 9;
  for (const [part, level] of [
    ["images", (k: number) => 40 * noise.at(k) + (inside(k) ? 180 : 40)],
    ["masks", (k: number) => (inside(k) ? levels[1 + (k % (levels.length - 1))]! : levels[0]!)],
  ] as const) {
    mkdirSync(at(set, part, name, ".."), { recursive: true });
    await sharp(
      Uint8Array.from({ length: width * height }, (_, k) => level(k)),
      { raw: { width, height, channels: 1 } },
    )
      .toColourspace("b-w")
      .png()
      .toFile(at(set, part, `${name}.png`));
  }
}

function writePack(name: string, defaults: object): void {
  writeFileSync(at(name, "pack.json"), JSON.stringify({ name: "nano", notice, label: "test", clip: "clip", sam: "sam", defaults }));
}

beforeAll(async () => {
  writeFileSync(at("adapt-words.txt"), wordVocabulary(["the bright disc", "a normal image", "bicycle cat dog car house tree"]).join("\n"));
  cpSync(await nanoDenseClip(at("adapt-words.txt")), at("pack", "clip"), { recursive: true });
  cpSync(await nanoSam(), at("pack", "sam"), { recursive: true });
  const method = {
    saliencyMethod: "dense-text",
    fit: "squash",
    presence: 0.2,
    coarseMethod: "threshold",
    threshold: 0.5,
    maskPrompt: true,
  };
  writePack("pack", method);
  writeFileSync(at("pack", "README.md"), "# The nano pack\n");
  for (let i = 0; i < 9; i++) await writePicture("data", "x".repeat(i + 1), { isShown: i !== 2 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const settings = (out: string, changes: object = {}) => ({
  ...{
    data: at("data"),
    prompt: ["the bright disc"],
    pack: at("pack"),
    out: at(out),
    clipSteps: 2,
    samSteps: 2,
    validation: 0.3,
    threads: 1,
  },
  ...changes,
});
const models = ["clip/open_clip_model.safetensors", "sam/model.safetensors", "README.md"];
const endOf = (events: readonly RunEvent[]) => events.find((event) => event.type === "end")!;
const linesOf = (events: readonly RunEvent[]) => endOf(events).lines!.join("\n");

test("the command adapts a pack, says what it gained on held-out images, and the pack segments", async () => {
  const args = ["adapt", "--data", at("data"), "--prompt", "the bright disc", "--pack", at("pack"), "--out", at("whole")];
  const numbers = ["--clip-steps", "2", "--sam-steps", "2", "--validation", "0.3", "--threads", "1"];
  const { status, stdout, stderr } = await runInProcess([...args, ...numbers]);
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/warning: only 3 images held out: what is measured on so few says little/);
  expect(stderr.match(/nano pack: for tests\./g)).toHaveLength(1);
  expect(stdout).toMatch(/^on 3 held-out images: means, 95 % intervals\n +before +after +gain\nDSC +0\.\d{3} \(/);
  expect(stdout).toContain(`medclip-sam segment IMAGES --prompt "the bright disc" --pack ${at("whole")} --out DIR`);

  expect(json("whole", "pack.json")).toEqual({ ...json("pack", "pack.json"), name: "whole", notice: expect.any(String) });
  const told = 'adapted to 6 images of its user ("the bright disc"), from a pack with this notice: nano pack: for tests.';
  expect(json("whole", "pack.json").notice).toBe(told);
  const { images, stages, weights } = json("whole", "adapt.json");
  expect([images.train.length, images.heldOut.length]).toEqual([6, 3]);
  expect(stages.map(({ stage }: { stage: string }) => stage)).toEqual(["before", "clip", "sam", "after"]);
  expect(stages[3].scores.images.length + stages[3].scores.withoutTarget.asked).toBe(3);
  expect(stages[3].scores.absent.asked).toBe(3);
  expect(weights.clip.file).toBe(at("pack", "clip", "open_clip_model.safetensors"));

  const card = text("whole", "README.md");
  expect(card).toContain("| DSC | 0.");
  expect(card).toContain(`**A${told.slice(1)}**`);
  expect(card).toContain("[ORIGIN-nano.md](ORIGIN-nano.md)");
  expect(card).not.toContain(folder);
  for (const name of images.train) expect(card).not.toContain(name);
  expect(text("whole", "ORIGIN-nano.md")).toBe(text("pack", "README.md"));

  const { metadata } = await readSafetensors(at("whole", "clip", "open_clip_model.safetensors"));
  expect(metadata).toMatchObject({ label: "test", notice: `fine-tuned from a model with this notice: ${notice}` });
  expect(readdirSync(at("whole", "work", "clip")).sort()).toEqual(["metrics.jsonl", "report.html", "run.json", "tensorboard"]);
  const model = await loadPack(at("whole"));
  const { mask, warnings } = await segment(model, at("data", "images", "x.png"), "the bright disc");
  await model.dispose();
  expect(mask).toMatchObject({ width, height });
  expect(warnings).toContain(told);
});

test("an adaptation that is stopped in each training and resumed gives the same pack, and a finished one is reported again", async () => {
  const until = async (step: number) => {
    const stop = new AbortController();
    const events: RunEvent[] = [];
    for await (const event of adapt(settings("resumed", { checkpointEvery: 1 }), { signal: stop.signal })) {
      events.push(event);
      if (event.type === "step" && event.step === step) stop.abort();
    }
    return events;
  };
  await expect(until(1)).rejects.toThrow(CancelledError);
  expect(existsSync(at("resumed", "work", "clip", "checkpoints", "last.safetensors"))).toBe(true);
  await expect(until(3)).rejects.toThrow(CancelledError);
  const last = await until(0);
  expect(last).toContainEqual(expect.objectContaining({ type: "start", command: "adapt", total: 4, done: 3 }));
  expect(endOf(last)).toMatchObject({ done: 1, skipped: 3, failed: 0 });
  for (const file of models) expect(readFileSync(at("resumed", file)).equals(readFileSync(at("whole", file))), file).toBe(true);

  const again = await collect(adapt(settings("resumed")));
  expect(again.some(({ type }) => type === "step")).toBe(false);
  expect(linesOf(again)).toBe(linesOf(last));
  await expect(collect(adapt(settings("resumed", { samSteps: 3 })))).rejects.toThrow(
    /adapted with other settings \(samSteps was 2, now it is 3\)/,
  );
  await expect(collect(adapt(settings("resumed", { prompt: ["a disc"] })))).rejects.toThrow(/prompt was/);
  await writePicture("data", "new");
  try {
    await expect(collect(adapt(settings("resumed")))).rejects.toThrow(/the file of "images" has changed/);
  } finally {
    for (const part of ["images", "masks"]) rmSync(at("data", part, "new.png"));
  }
});

test("an adapted pack can be adapted again, and keeps the notice and the cards of both", async () => {
  await collect(adapt(settings("twice", { pack: at("whole"), validation: 0 })));
  expect(json("twice", "pack.json").notice).toBe(
    'adapted to 9 images of its user ("the bright disc"), from a pack with this notice: nano pack: for tests.',
  );
  expect(readdirSync(at("twice")).filter((name) => name.startsWith("ORIGIN"))).toEqual(["ORIGIN-nano.md", "ORIGIN-whole.md"]);
  expect(text("twice", "README.md")).toContain("Nothing: no image was held out.");
  const own = settings("whole", { pack: at("whole"), overwrite: true });
  await expect(collect(adapt(own))).rejects.toThrow(/is a file of the pack to adapt and lies in --out/);
  expect(existsSync(at("whole", "clip"))).toBe(true);
});

test("groups of a table, and sub-folders of images/, are not split", async () => {
  for (const [i, name] of ["a/1", "a/2", "a/3", "b/1", "b/2", "c/1", "c/2"].entries())
    await writePicture("patients", name, { isShown: i >= 0 });
  await collect(adapt(settings("by-folder", { data: at("patients"), clipSteps: 1, samSteps: 1 })));
  const rows = ["1", "2", "3", "4", "5", "6", "7"].map(
    (i) => `data/images/${"x".repeat(Number(i))}.png,data/masks/${"x".repeat(Number(i))}.png,${Number(i) % 3}`,
  );
  writeFileSync(at("table.csv"), ["image,mask,patient", ...rows, ""].join("\n"));
  await collect(adapt(settings("by-table", { data: at("table.csv"), groupColumn: "patient", clipSteps: 1, samSteps: 1 })));
  const groupsOf = (out: string, group: (name: string) => unknown) => {
    const { train, heldOut } = json(out, "adapt.json").images as { train: string[]; heldOut: string[] };
    return [train, heldOut].map((names) => new Set(names.map(group)));
  };
  for (const [train, heldOut] of [
    groupsOf("by-folder", (name) => name[0]),
    groupsOf("by-table", (name) => (name.length - ".png".length) % 3),
  ]) {
    expect(heldOut!.size).toBeGreaterThan(0);
    for (const group of heldOut!) expect(train).not.toContain(group);
  }
});

test("a dry run describes both trainings and writes nothing", async () => {
  const events = await collect(adapt(settings("dry", { dryRun: true })));
  expect(linesOf(events)).toMatch(/^6 images for adapting, 3 held out\n\nCLIP: .* pairs[\s\S]*\n\nSAM: \d training masks/);
  expect(existsSync(at("dry"))).toBe(false);
});

test.each([
  ["too few images", { data: "few" }, /"few" has 3 images with a mask that can be used; at least 4 are needed/],
  ["empty masks", { data: "empty" }, /all 4 masks in "empty" are empty/],
  [
    "label images",
    { data: "labels" },
    /0 images with a mask that can be used \(not used: 4 label image; the first: .*has 3 values.*--label/,
  ],
  ["several structures", { data: "structures" }, /masks of several structures \("disc", "ring"\), but .* --structure/],
  ["an unknown structure", { data: "structures", structure: "bar" }, /no masks of the structure "bar"; it has "disc", "ring"/],
  ["no known word", { prompt: ["the spleen"] }, /knows no content word of the prompt "the spleen" \(unknown: "spleen"\)/],
  [
    "a pack that outlines do not teach",
    { pack: "attribution" },
    /the pack "nano" finds targets by the saliency method "m2ib", which outlines do not teach/,
  ],
] as const)("refused: %s", async (_, changes, message) => {
  for (const [set, count, options] of [
    ["few", 3, {}],
    ["empty", 4, { isShown: false }],
    ["labels", 4, { levels: [0, 1, 2] }],
  ] as const)
    for (let i = 0; i < count && !existsSync(at(set, "images", `${count - 1}.png`)); i++) await writePicture(set, String(i), options);
  for (const name of ["disc", "ring"]) {
    cpSync(at("data", "images"), at("structures", "images"), { recursive: true });
    cpSync(at("data", "masks"), at("structures", `masks_${name}`), { recursive: true });
  }
  cpSync(at("pack"), at("attribution"), { recursive: true });
  writePack("attribution", { layer: 1 });
  const placed = Object.fromEntries(
    Object.entries(changes).map(([key, value]) => [key, ["data", "pack"].includes(key) ? at(String(value)) : value]),
  );
  const pattern = new RegExp(message.source.replace(/^"(few)/, `"${folder}/$1`).replace(/masks in "empty"/, `masks in "${folder}/empty"`));
  await expect(collect(adapt(settings("refused", placed)))).rejects.toThrow(pattern);
  expect(existsSync(at("refused"))).toBe(false);
});

test("an unusable mask is named and the others are used; a chosen label makes one of several", async () => {
  cpSync(at("data"), at("mixed"), { recursive: true });
  await writePicture("mixed", "xx", { levels: [0, 1, 2] });
  const events = await collect(adapt(settings("mixed-pack", { data: at("mixed"), clipSteps: 1, samSteps: 1 })));
  expect(events).toContainEqual(
    expect.objectContaining({ type: "failure", name: "xx.png", message: expect.stringMatching(/3 values \(0, 1, 2\)/) }),
  );
  expect(endOf(events)).toMatchObject({ failed: 1 });
  for (let i = 0; i < 4; i++) await writePicture("labelled", String(i), { levels: [0, 1, 2] });
  const chosen = await collect(adapt(settings("labelled-pack", { data: at("labelled"), label: 2, clipSteps: 1, samSteps: 1 })));
  expect(endOf(chosen)).toMatchObject({ failed: 0 });
  expect(warningsOf(chosen)).toContainEqual(expect.stringMatching(/only 1 image held out/));
});
