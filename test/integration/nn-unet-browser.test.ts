import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { build } from "tsdown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { servePage } from "../../examples/browser/serve.ts";
import { loadNnUnet, predict, predictEnsemble, readGray, trainNnUnet } from "../../src/index.ts";
import { describeWithChromium } from "../support/chromium.ts";
import { expectClose } from "../support/close.ts";
import { eventsOf, tinyTraining, writeDiscs } from "../support/discs.ts";

/** What the page returns: typed arrays as lists. */
interface Found {
  readonly labels: number[];
  readonly probabilities: number[];
  readonly ensembleLabels: number[];
  readonly mean: number[];
  readonly entropy: number[];
  readonly pairwiseDice: number;
  readonly warnings: string[];
}

/** Run in the page. Files come as text or in base64. */
const inPage = `async ({ plans, dataset, weights, image }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const model = await loadNnUnet({ plans: new Response(plans), dataset: new Blob([dataset]), weights: weights.map(bytes) });
  const gray = { ...image, data: Uint8Array.from(image.data) };
  const [one, mean] = await Promise.all([predict(model, gray), predictEnsemble(model, gray)]);
  await model.dispose();
  return {
    labels: [...one.labels.data], probabilities: [...one.probabilities.data], ensembleLabels: [...mean.labels.data],
    mean: [...mean.probabilities.data], entropy: [...mean.entropy.data], pairwiseDice: mean.pairwiseDice, warnings: [...one.warnings, ...mean.warnings],
  };
}`;

describeWithChromium("a trained nnU-Net in Chromium", (executablePath) => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-nn-unet-page-"));
  const data = join(folder, "Dataset001_Discs");
  let served: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;

  beforeAll(async () => {
    await build({
      ...{ entry: resolve("test/support/nnunet-page.ts"), outDir: join(folder, "page"), format: "esm", platform: "browser" },
      ...{ config: false, dts: false, logLevel: "error", clean: false, fixedExtension: false },
      deps: { alwaysBundle: [/.*/], neverBundle: ["onnxruntime-web/wasm"], onlyBundle: false },
    });
    served = await servePage(0);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    await writeDiscs(data);
    await eventsOf(trainNnUnet({ data, out: join(folder, "run"), seed: 1, ...tinyTraining }));
  });

  afterAll(async () => {
    await browser?.close();
    served?.close();
    rmSync(folder, { recursive: true });
  });

  test("its labels, probabilities and entropy are those of Node", async () => {
    const file = (name: string) => readFileSync(join(folder, "run/model", name));
    const image = await readGray(join(data, "new", "disc6.png"));
    const page = await browser.newPage();
    await page.goto(served.url); // serves the runtime
    await page.addScriptTag({ type: "module", path: join(folder, "page", "nnunet-page.js") });
    await page.waitForFunction("typeof loadNnUnet === 'function'");
    const kept = readdirSync(join(folder, "run/model/fold_all")).filter((name) => /^checkpoint_\d+\./.test(name));
    const given = {
      ...{ plans: file("plans.json").toString(), dataset: file("dataset.json").toString() },
      weights: kept.map((name) => file(`fold_all/${name}`).toString("base64")),
      image: { ...image, data: [...image.data] },
    };
    const there = (await page.evaluate(`(${inPage})(${JSON.stringify(given)})`)) as Found;

    const model = await loadNnUnet(join(folder, "run"), { members: "checkpoints" });
    const [one, mean] = [await predict(model, image), await predictEnsemble(model, image)];
    await model.dispose();
    // Kernels of WebAssembly add in another order: seen 2e-6, and 3e-6 bits.
    expectClose(there.probabilities, one.probabilities.data, 1e-4, "probabilities");
    expectClose(there.mean, mean.probabilities.data, 1e-4, "mean");
    expectClose(there.entropy, mean.entropy.data, 1.5e-3, "entropy"); // what 1e-4 in a probability near 0 makes in bits
    const isSure = (_: unknown, i: number) =>
      Math.abs(one.probabilities.data[i]! - 0.5) > 1e-4 && Math.abs(mean.probabilities.data[i]! - 0.5) > 1e-4;
    expect(there.labels.filter(isSure)).toEqual([...one.labels.data].filter(isSure));
    expect(there.ensembleLabels.filter(isSure)).toEqual([...mean.labels.data].filter(isSure));
    expect(there.labels.filter(isSure).length).toBeGreaterThan(1000); // of 1024
    expect([...new Set(there.labels)].sort()).toEqual([0, 1]);
    expect(Math.abs(there.pairwiseDice - mean.pairwiseDice!)).toBeLessThan(0.01);
    expect(there.warnings).toEqual([]);
  });
});
