import { expect, test } from "vitest";
import { featureCases } from "../../../test/support/clip-cases.ts";
import { randomModel } from "../../../test/support/models.ts";
import { describeWith, sharedJson } from "../../../test/support/shared-data.ts";
import { biomedClipPresets, biomedClipTensors } from "./config.ts";

describeWith(["parity/clip/features-tiny.safetensors"], "BiomedCLIP, tiny", () => {
  featureCases("tiny", () => randomModel("biomedclip-tiny"));
});

describeWith(["parity/clip/names-full.json"], "names and shapes", () => {
  test.each([
    ["biomedclip", "full"],
    ["biomedclip-tiny", "tiny"],
  ])("of %s are the published ones, in their order", (preset, name) => {
    const { open_clip } = sharedJson<{ open_clip: Record<string, number[]> }>(`parity/clip/names-${name}.json`);
    expect([...biomedClipTensors(biomedClipPresets[preset]!)]).toEqual(Object.entries(open_clip));
  });
});
