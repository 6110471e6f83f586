import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder, writeSam } from "../../../test/support/sam-cases.ts";
import { describeWith, sharedJson } from "../../../test/support/shared-data.ts";
import { WeightsError } from "../../errors.ts";
import { writeSafetensors } from "../../tensor/safetensors.ts";
import { zeros } from "../../tensor/tensor.ts";
import { Weights } from "../weights.ts";
import { type SamConfig, samConfigOf, samFamily, samPresets, samTensors } from "./index.ts";

describe.each(["sam-tiny", "sam-vit-b", "sam-vit-l", "sam-vit-h", "sam-med2d-b"])("names and shapes of the official models", (size) => {
  const file = `parity/sam/names-${size.replace(/^sam-(tiny|vit)/, "$1")}.json`;
  describeWith([file], size, () => {
    test("are the preset's, in their order", () => {
      const expected = Object.entries(sharedJson<Record<string, number[]>>(file));
      expect([...samTensors(samPresets[size]!)]).toEqual(expected);
    });
  });
});

describe("sizes from shapes", () => {
  const { imageSize, ...tiny } = samPresets["sam-tiny"]!;
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());

  test.each<[title: string, config: SamConfig]>([
    ["the small model of the tests", { ...tiny, imageSize }],
    ["windows that do not divide the grid", { ...tiny, imageSize: 160, window: 7, globalBlocks: [0, 2, 3] }],
    ["no global block", { ...tiny, imageSize: 320, globalBlocks: [] }],
    ["adapters", { ...tiny, variant: "sam-med2d", imageSize: 256, adapterWidth: 16 }],
    ["a narrower decoder", { ...tiny, imageSize: 320, outChannels: 64, decoder: { ...tiny.decoder, innerWidth: 32, masks: 1, depth: 3 } }],
  ])("%s", async (title, config) => {
    const file = join(temporary.folder, `${title.length}.safetensors`);
    const weights = await Weights.open(await writeSam(file, config), samFamily);
    expect(samConfigOf(weights)).toEqual(config);
    weights.check(samTensors(config));
  });

  test("a checkpoint of something else is refused with the names that were looked for", async () => {
    const file = join(temporary.folder, "other.safetensors");
    await writeSafetensors(file, { "visual.trunk.cls_token": zeros("float32", [1, 1, 4]) });
    await expect(Weights.open(file, samFamily)).rejects.toThrow(WeightsError);
    await expect(Weights.open(file, samFamily)).rejects.toThrow(/is not a SAM checkpoint.*positional_encoding_gaussian_matrix/);
  });
});
