import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/run/events.ts";
import { builtCommand } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { describeWithSoftwareVulkan, errorsOnWebGpu, noVulkan } from "../support/software-vulkan.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-webgpu-"));
const at = (...parts: string[]) => join(folder, ...parts);
let models: { clip: string; sam: string };
beforeAll(async () => {
  await builtCommand();
  models = await nanoModels();
  await writeDisc(at("a.png"), 1);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform !== "linux")("without a Vulkan driver (skipped off Linux, where it cannot be disabled)", () => {
  async function segment(out: string, device: string) {
    const images = [at("a.png"), "--prompt", "dark lesion", "--clip", models.clip, "--sam", models.sam];
    const settings = ["--steps", "2", "--samples", "2", "--device", device, "--out", at(out), "--events"];
    const { status, stdout } = await runCommand(["segment", ...images, ...settings], noVulkan);
    return {
      status,
      events: stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as RunEvent),
    };
  }
  const run = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8")) as { device: string; settings: { device: string } };

  test("segment --device webgpu warns and finishes on the CPU, with the same bytes", async () => {
    const { status, events } = await segment("fallen", "webgpu");
    expect(status).toBe(0);
    const message = expect.stringMatching(/^WebGPU cannot be used, so everything is computed on the CPU: Failed to get a WebGPU adapter/);
    expect(events.filter(({ type }) => type === "warning")).toEqual([{ type: "warning", message }]);
    expect(events.at(-1)).toMatchObject({ type: "end", done: 1, failed: 0 });
    expect(run("fallen")).toMatchObject({ device: "cpu", settings: { device: "webgpu" } });
    expect((await segment("plain", "cpu")).events.filter(({ type }) => type === "warning")).toEqual([]);
    for (const kind of ["masks", "saliency"])
      expect(readFileSync(at("fallen", kind, "a.png")).equals(readFileSync(at("plain", kind, "a.png")))).toBe(true);
  });
});

describeWithSoftwareVulkan("with a Vulkan driver in software", () => {
  test("CLIP and the gradients of M2IB on WebGPU agree with the CPU", { timeout: 180_000 }, () => {
    const errors = errorsOnWebGpu(
      (device) => `
        import { loadModel, M2ib, M2ibConfig } from ${JSON.stringify(resolve("dist/index.js"))};
        const { text: { clip }, warnings } = await loadModel(${JSON.stringify(models)}, { device: "${device}" });
        if (warnings.length > 0) throw new Error(warnings.join());
        const image = { width: 32, height: 32, data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 251) };
        const m2ib = new M2ib(clip, M2ibConfig.parse({ layer: 7, steps: 1, samples: 1 }), { trace: true });
        const text = await clip.textFeatures([2, 5, 6, 7, 3]);
        const hidden = await m2ib.hiddenTokens(image);
        const { capacity, trace } = await m2ib.attribute(hidden, text, m2ib.noiseOf("a.png", 1));
        const found = { text, hidden: hidden.data, capacity, gradient: trace.gradient.data, losses: trace.losses.data };
        console.log(JSON.stringify(found, (_, value) => (value instanceof Float32Array ? [...value] : value)));`,
    );
    expect(Object.keys(errors)).toEqual(["text", "hidden", "capacity", "gradient", "losses"]);
    // Measured: 1.1e-5 for the gradient, 2e-6 for the others.
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-3);
  });
});
