import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { servePage } from "../../examples/browser/serve.ts";
import type { Box } from "../../src/image/index.ts";
import { loadModel, loadPack, type Segmentation, segment } from "../../src/index.ts";
import { builtCommand } from "../support/build.ts";
import { describeWithChromium } from "../support/chromium.ts";
import { expectClose } from "../support/close.ts";
import { iou } from "../support/sam-cases.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

/** Names of the packages that a built module imports, directly or through its own modules. */
function packagesOf(file: string): string[] {
  const imported = [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"\s]+)"/g)].map(([, name]) => name!);
  return imported.flatMap((name) => (name.startsWith(".") ? packagesOf(join(dirname(file), name)) : [name]));
}

test("all entry points are built, and those for browsers import no Node module", async () => {
  await builtCommand();
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, unknown> };
  const built: string[] = [];
  JSON.stringify(exports, (_, value) => (typeof value === "string" ? built.push(value) : value));
  // Quick builds leave the types out; the package's own test looks at those.
  expect(built.filter((file) => !file.endsWith(".d.ts") && !existsSync(file))).toEqual([]);
  const browsers = built.filter((file) => /browser.*\.js$/.test(file));
  expect(browsers).toHaveLength(4);
  const fit = [
    "@huggingface/tokenizers",
    "dcmjs-codecs",
    "dcmjs/dictionary",
    "fastest-levenshtein",
    "fflate",
    "onnxruntime-web/wasm",
    "zod",
  ];
  for (const file of browsers) expect(fit, file).toEqual(expect.arrayContaining(packagesOf(file)));
});

const sentence = "dark lesion";

/** A segmentation as the page returns it: typed arrays as lists. */
interface Found {
  readonly capacity: number[];
  readonly saliency: number[];
  readonly boxes: Box[];
  readonly scores: number[];
  readonly logits: number[][];
  readonly mask: number[];
  readonly warnings: string[];
  /** Number of canvas pixels that differ from the gray image. */
  readonly coloured: number;
  readonly isIsolated: boolean;
}

const whenSegmented = `new Promise((resolve) => document.addEventListener("segmented", ({ detail }) => {
  const { capacity, saliency, boxes, scores, logits, mask, warnings } = detail;
  const canvas = document.querySelector("canvas#mask");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] !== data[i + 1]) coloured++;
  resolve({
    capacity: [...capacity], saliency: [...saliency.data], boxes, scores: [...scores], logits: logits.map((one) => [...one]),
    mask: [...mask.data], warnings, coloured, isIsolated: crossOriginIsolated,
  });
}, { once: true }))`;

describeWithChromium("the page in Chromium", (executablePath) => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-page-"));
  const picture = join(folder, "disc.png");
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page;
  let models: { clip: string; sam: string };

  beforeAll(async () => {
    const tsdown = resolve("node_modules/tsdown/dist/run.mjs");
    await promisify(execFile)(process.execPath, [tsdown, "--config", "examples/browser/tsdown.config.ts"]);
    served = await servePage(0);
    models = await nanoModels();
    await writeDisc(picture, 1);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.goto(served.url);
    await page.setInputFiles(
      "input[name=clip]",
      readdirSync(models.clip).map((name) => join(models.clip, name)),
    );
    await page.setInputFiles("input[name=sam]", join(models.sam, "model.safetensors"));
    await page.setInputFiles("input[name=image]", picture);
  });

  afterAll(async () => {
    await browser?.close();
    served?.close();
    rmSync(folder, { recursive: true });
  });

  async function inPage(text: string, where = page): Promise<Found> {
    await where.fill("input[name=prompt]", text);
    const found = where.evaluate(whenSegmented);
    await where.click("button");
    return (await found) as Found;
  }

  async function inNode(text: string): Promise<Segmentation> {
    const model = await loadModel(models);
    try {
      return await segment(model, picture, text);
    } finally {
      await model.dispose();
    }
  }

  test("an image and a text prompt give the same numbers as in Node", async () => {
    const [there, here] = [await inPage(sentence), await inNode(sentence)];
    const largest = Math.max(...here.capacity);
    expectClose(
      there.capacity.map((nats) => nats / largest),
      here.capacity.map((nats) => nats / largest),
      1e-3,
      "capacity",
    ); // as for M2IB
    expectClose(there.saliency, here.saliency.data, 1e-3, "saliency");
    expect(there.boxes).toEqual(here.boxes);
    expect(there.logits).toHaveLength(1);
    expectClose(there.logits[0]!, here.logits[0]!, 5e-4, "logits"); // this and the next as for SAM
    expectClose(there.scores, here.scores, 1e-5, "expected IoU");
    expect(iou({ ...here.mask, data: Uint8Array.from(there.mask) }, here.mask)).toBeGreaterThanOrEqual(0.9995);
    expect(there.warnings).toEqual(here.warnings);
    expect(there.coloured).toBeGreaterThan(0);
  });

  test("a second text prompt reuses the open models, and the page may use threads", async () => {
    const { capacity, isIsolated } = await inPage("bright lesion");
    const expected = (await inNode("bright lesion")).capacity;
    const largest = Math.max(...expected);
    expectClose(
      capacity.map((nats) => nats / largest),
      expected.map((nats) => nats / largest),
      1e-3,
      "capacity",
    );
    expect(isIsolated).toBe(true);
  });

  test("without models of one's own the page takes the starter pack, and gives its masks of real scans", async () => {
    const own = await browser.newPage();
    await own.goto(served.url);
    const model = await loadPack("starter");
    const scans = JSON.parse(readFileSync("packs/starter/demo/demo.json", "utf8")) as { image: string; prompt: string }[];
    try {
      for (const { image, prompt } of scans) {
        const file = join("packs/starter/demo", image);
        await own.setInputFiles("input[name=image]", file);
        const there = await inPage(prompt, own);
        const here = await segment(model, file, prompt);
        const mask = { ...here.mask, data: Uint8Array.from(there.mask) };
        if (here.mask.data.includes(1)) expect(iou(mask, here.mask), image).toBeGreaterThanOrEqual(0.995);
        else expect(mask.data.includes(1), image).toBe(false);
      }
    } finally {
      await model.dispose();
      await own.close();
    }
  }, 120_000);

  test("a file without weights is refused with a message", async () => {
    await page.setInputFiles("input[name=sam]", picture);
    await page.click("button");
    await page.waitForFunction(`document.querySelector("[role=status]").textContent.includes("does not hold weights")`);
    expect(await page.textContent("[role=status]")).toContain('"disc.png"');
  });
});
