import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { centreView, decodePair } from "../../src/data/index.ts";
import { ranksOf, summariseRanks } from "../../src/metrics/retrieval/index.ts";
import { loadClip } from "../../src/pipeline/models/model.ts";
import { runRetrieve } from "../../src/pipeline/retrieve/run.ts";
import { RetrieveSettings } from "../../src/pipeline/retrieve/settings.ts";
import { builtCommand } from "../support/build.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoClip } from "../support/models.ts";
import { collect, writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-retrieve-"));
const at = (name: string) => join(folder, name);
let clip: string;
let captions: string[];

beforeAll(async () => {
  clip = await nanoClip(writeWords());
  await builtCommand(); // of which threads take their program
  captions = Array.from(
    { length: 20 },
    (_, i) => `${"dark bright ".repeat(1 + (i % 3))}lesion of ${i % 2 ? "bright" : "dark"} kind ${"abcdefghij"[i % 10]}`,
  );
  for (let i = 0; i < 20; i++) await writeDisc(at(`${i}.png`), i, 60 + 5 * i, 100 - 2 * i);
  const rows = captions.map((caption, i) => `${i}.png,${caption}`);
  writeFileSync(at("pairs.csv"), `filename,Caption\n${rows.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const settings = (changes: Partial<RetrieveSettings> = {}) =>
  RetrieveSettings.parse({ pairs: [at("pairs.csv")], clip, batch: 5, workers: 0, json: at("result.json"), ...changes });
const result = () => JSON.parse(readFileSync(at("result.json"), "utf8"));

test("ranks equal those of features computed one by one", async () => {
  const events = await collect(runRetrieve(settings()));
  const { clip: model, tokenizer } = await loadClip(clip, undefined, {});
  const unit = (values: Float32Array) => values.map((value) => value / Math.hypot(...values));
  const [images, texts]: [Float32Array[], Float32Array[]] = [[], []];
  for (const [i, caption] of captions.entries()) {
    const image = await decodePair({ file: at(`${i}.png`) }, "paper");
    images.push(unit(await model.imageFeatures(centreView(image, model.config.vision.imageSize))));
    texts.push(unit(await model.textFeatures(tokenizer.encode(caption).ids)));
  }
  await model.dispose();
  const similarity = images.flatMap((image) => texts.map((text) => image.reduce((sum, value, k) => sum + value * text[k]!, 0)));
  const { imageToText, textToImage } = ranksOf(similarity, 20);
  expect(result().wholeSet).toEqual({ imageToText: summariseRanks(imageToText), textToImage: summariseRanks(textToImage) });
  expect(result().batches).toMatchObject({ queries: 200, leftOut: 0 });
  expect(events.at(-1)).toMatchObject({ type: "end", done: 20, failed: 0 });
});

test("unreadable pairs are named and skipped, captions dropped by the rule are counted", async () => {
  writeFileSync(at("broken.png"), "no picture");
  const rows = ["0.png,short", `1.png,${captions[1]}`, `2.png,${captions[2]}`, `none.png,${captions[3]}`, `broken.png,${captions[4]}`];
  writeFileSync(at("some.csv"), `filename,Caption\n${rows.join("\n")}\n`);
  const events = await collect(runRetrieve(settings({ pairs: [at("some.csv")], batch: 2 })));
  expect(events.filter(({ type }) => type === "failure")).toMatchObject([
    { name: "none.png", message: expect.stringMatching(/^missing image: .*none\.png$/) },
    { name: "broken.png", message: expect.stringContaining("is not a PNG") },
  ]);
  expect(events).toContainEqual({ type: "warning", message: "captions not used: 1 short" });
  expect(events.at(-1)).toMatchObject({ done: 2, failed: 2 });
  expect(result()).toMatchObject({ pairs: 2, dropped: { short: 1, "missing image": 1 }, undecodable: 1 });
});

test("a dry run describes the run and writes nothing", async () => {
  const events = await collect(runRetrieve(settings({ dryRun: true, json: at("dry.json") })));
  expect(events.at(-1)).toMatchObject({
    type: "end",
    done: 0,
    lines: [expect.stringMatching(/^20 pairs, /), expect.stringContaining("Nothing was written")],
  });
  expect(existsSync(at("dry.json"))).toBe(false);
});

test("too few pairs for a batch: ranks over the whole set only, and a warning", async () => {
  const events = await collect(runRetrieve(settings({ batch: 50 })));
  expect(events.flatMap((event) => (event.type === "warning" ? event.message : []))).toEqual([
    expect.stringMatching(/^\d+ % of the words in captions are not in the model's vocabulary, most often: "of", "kind"$/),
    expect.stringMatching(/^20 pairs do not fill a batch of 50/),
  ]);
  expect(result()).toMatchObject({ pairs: 20, batches: null });
});

test("the command prints the table; threads change nothing; a wrong column is exit 2", async () => {
  await collect(runRetrieve(settings()));
  const { batches, wholeSet } = result();
  const args = ["retrieve", "--pairs", at("pairs.csv"), "--clip", clip, "--batch", "5", "--workers", "2", "--json", at("result.json")];
  const { status, stdout, stderr } = await runInProcess(args);
  expect(stderr).toContain("20 done in");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ +image to text +text to image +both\ntop-1 of 5 .*±.*\n.*\nR@1 of 20 /);
  expect(stdout).toContain("5 shuffles into batches of 5, 200 queries");
  expect(result()).toMatchObject({ batches, wholeSet });
  const wrong = await runInProcess([...args, "--caption-column", "caption"]);
  expect(wrong.stderr).toContain('has no column "caption"; it has "filename", "Caption"');
  expect(wrong.status).toBe(2);
});
