import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadModel, readMask, trainNnUnet } from "../../src/index.ts";
import { eventsOf, tinyTraining, writeDiscs } from "../support/discs.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-example-"));
const at = (...parts: string[]) => join(folder, ...parts);
let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  for (let i = 0; i < 8; i++) await writeDisc(at(`${i}.png`), i);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs an example with CLIP, SAM and further arguments. @returns what it printed */
const run = (example: string, ...args: string[]) => runWith(example, models.clip, models.sam, ...args);

async function runWith(example: string, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const argv = process.argv;
  process.argv = [argv[0]!, example, ...args];
  try {
    await import(resolve("examples", example));
  } finally {
    process.argv = argv;
    vi.restoreAllMocks();
  }
  return lines;
}

test("each example is run here", () => {
  const examples = readdirSync("examples").filter((name) => name.endsWith(".ts"));
  expect(examples.sort()).toEqual(["fine-tune.ts", "nn-unet.ts", "web-handler.ts", "your-own-saliency.ts", "zero-shot.ts"]);
});

test("examples/zero-shot.ts segments by a text prompt and prints the result", async () => {
  const lines = await run("zero-shot.ts", at("1.png"), "dark lesion", at("zero-shot"));
  expect(existsSync(at("zero-shot", "mask.png"))).toBe(true);
  expect(existsSync(at("zero-shot", "overlay.png"))).toBe(true);
  expect(lines[0]).toMatch(/^score 0\.\d{3}, boxes \[\{/);
});

test("examples/fine-tune.ts trains on a few pairs and segments with the best model", async () => {
  const rows = Array.from({ length: 8 }, (_, i) => `${i}.png,a dark lesion of the kind ${"abcdefgh"[i]}`);
  writeFileSync(at("captions.csv"), `filename,Caption\n${rows.join("\n")}\n`);
  const lines = await run("fine-tune.ts", at("captions.csv"), at("1.png"), "dark lesion", at("fine-tune"));
  expect(lines.filter((line) => /^step \d {2}loss -?\d/.test(line))).toHaveLength(2);
  expect(lines.filter((line) => line.startsWith("epoch "))).toHaveLength(3);
  expect(lines.at(-1)).toMatch(/^mask in .*mask\.png, score -?\d/);
  expect(existsSync(at("fine-tune", "mask.png"))).toBe(true);
});

test("examples/your-own-saliency.ts uses its own saliency method", async () => {
  const lines = await run("your-own-saliency.ts", at("1.png"), "dark lesion", at("own"));
  expect(lines[0]).toBe(`overlay in ${at("own", "overlay.png")}`);
  expect(existsSync(at("own", "overlay.png"))).toBe(true);
});

test("examples/nn-unet.ts segments with the checkpoints of a training", async () => {
  await writeDiscs(at("Dataset001_Discs"));
  await eventsOf(trainNnUnet({ data: at("Dataset001_Discs"), out: at("network"), seed: 1, ...tinyTraining }));
  const lines = await runWith("nn-unet.ts", at("network"), at("Dataset001_Discs/new/disc6.png"), at("nn-unet"));
  expect(lines).toEqual([
    expect.stringMatching(/^\d+ px of background, disc$/),
    expect.stringMatching(/^the 2 members agree .* 0\.\d{3}$/),
  ]);
  expect(readdirSync(at("nn-unet")).sort()).toEqual(["entropy.png", "labels.png"]);
});

test("examples/web-handler.ts answers an image with its mask, and other requests with an error message", async () => {
  const { handlerOf } = await import("../../examples/web-handler.ts");
  const model = await loadModel(models);
  const answer = handlerOf(model);
  const post = (query: string, body: Uint8Array<ArrayBuffer>) =>
    answer(new Request(`https://localhost/${query}`, { method: "POST", body }));
  const picture = new Uint8Array(readFileSync(at("1.png")));

  const good = await post("?text=dark+lesion", picture);
  expect([good.status, good.headers.get("content-type")]).toEqual([200, "image/png"]);
  writeFileSync(at("answer.png"), new Uint8Array(await good.arrayBuffer()));
  expect((await readMask(at("answer.png"))).mask).toMatchObject({ width: 96, height: 72 });

  const broken = await post("?text=dark+lesion", Uint8Array.of(1, 2, 3));
  expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('"the picture"')]);
  expect((await post("", picture)).status).toBe(400);
  expect((await answer(new Request("https://localhost/"))).status).toBe(405);
  await model.dispose();
});
