import { expect, test } from "vitest";
import { randomModel } from "../../../../test/support/models.ts";
import { ConfigError } from "../../../errors.ts";
import { SaliencySettings } from "../settings/saliency.ts";
import { memoryPlan } from "./memory-plan.ts";

const saliency = SaliencySettings.parse({});
const needs = async () => ({ saliency, sam: await randomModel("sam-tiny") });

test("without a limit no reduction is needed and nothing is said", async () => {
  const { plan, message } = await memoryPlan(undefined, await needs());
  expect(plan).toMatchObject({ options: {}, oneModelAtATime: false });
  expect(message).toBeUndefined();
});

test("a lower limit selects a smaller plan", async () => {
  const plan = async (limit: string) => (await memoryPlan(limit, await needs())).plan;
  expect(await plan("4GB")).toMatchObject({ options: {}, oneModelAtATime: false });
  expect(await plan("2000 MB")).toMatchObject({ options: {}, oneModelAtATime: true });
  expect(await plan("1.3GB")).toMatchObject({ options: { prepack: false }, oneModelAtATime: true });
});

test("a limit reports the chosen plan", async () => {
  expect((await memoryPlan("2GB", await needs())).message).toMatch(/^at most 2GB: one model at a time, which takes about 1\.\d GB$/);
  const gradcam = { ...saliency, saliencyMethod: "gradcam" as const, layer: 0 }; // 1.367 GB
  expect((await memoryPlan("1.38GB", { saliency: gradcam })).message).toMatch(/which takes about 1\.37 GB$/);
});

test("a limit that cannot be met is rejected with the required memory", async () => {
  await expect(memoryPlan("1GB", await needs())).rejects.toThrow(ConfigError);
  await expect(memoryPlan("1GB", await needs())).rejects.toThrow(/--max-memory 1GB cannot be met: .* need at least about 1\.\d GB/);
});

test("a run of one step needs less than a run of both, and more samples need more", async () => {
  const { sam } = await needs();
  await expect(memoryPlan("1.1GB", { sam, saliency })).rejects.toThrow("cannot be met");
  expect((await memoryPlan("1.1GB", { saliency })).plan.options).toMatchObject({ prepack: false });
  expect((await memoryPlan("2GB", { saliency })).plan.options).toEqual({});
  await expect(memoryPlan("2GB", { saliency: { ...saliency, samples: 100 } })).rejects.toThrow("cannot be met");
});

test("memory depends on the saliency method and on the settings that it reads", async () => {
  const plan = async (limit: string, settings: object) => (await memoryPlan(limit, { saliency: { ...saliency, ...settings } })).message;
  expect(await plan("1.1GB", {})).toContain("attention in small chunks");
  expect(await plan("1.1GB", { saliencyMethod: "gradcam" })).toContain("no reduction is needed");
  expect(await plan("1.1GB", { saliencyMethod: "gradcam", layer: 0 })).toContain("attention in small chunks");
  expect(await plan("1.1GB", { saliencyMethod: "nib", samples: 1000 })).toContain("attention in small chunks");
  expect(await plan("1.1GB", { saliencyMethod: "patch-text", samples: 1000 })).toContain("no reduction is needed");
});

test.each(["2", "two GB", "-1GB", "2gb"])('"%s" is not a size', async (limit) => {
  await expect(memoryPlan(limit, {})).rejects.toThrow(`--max-memory: expected a size such as 2GB or 1500MB, got "${limit}"`);
});
