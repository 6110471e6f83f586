import { expect, test } from "vitest";
import { openClip } from "../../test/support/clip-cases.ts";
import { ensembleCase, m2ibCases } from "../../test/support/m2ib-cases.ts";
import { randomModel } from "../../test/support/models.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { normal } from "../tensor/random.ts";
import { M2ib, M2ibConfig } from "./m2ib.ts";

const bertBase = "data/vocab/bert_base_uncased_vocab.txt";

describeWith(["parity/saliency/m2ib-tiny.safetensors", bertBase], "M2IB", () => {
  m2ibCases("tiny", () => randomModel("biomedclip-tiny"), bertBase);
  m2ibCases("mini", async () => sharedPath("parity/clip/mini"), "parity/clip/mini");
  ensembleCase(() => randomModel("biomedclip-tiny"), bertBase);
});

test("a layer that the model lacks is refused with the layers it has", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  expect(() => new M2ib(clip, M2ibConfig.parse({ layer: 12 }))).toThrow(/layer 12 does not exist.*blocks 0 to 11.*--layer 0 to 10/s);
});

test("the last block is allowed, with a warning that the map cannot depend on the text", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  const m2ib = new M2ib(clip, M2ibConfig.parse({ layer: 11, steps: 2, samples: 1 }));
  expect(m2ib.warnings[0]).toContain("does not depend on the text");
  const view = { width: 224, height: 224, data: new Uint8Array(224 * 224 * 3).map((_, i) => i % 251) };
  const { capacity } = await m2ib.attribute(await m2ib.hiddenTokens(view), normal("text", 1, 64), m2ib.noiseOf("a.png", 1));
  expect(capacity).toHaveLength(196);
  await m2ib.dispose();
});

test("the noise of a file depends on its name and the seed, and on nothing else", async () => {
  const clip = await openClip(await randomModel("biomedclip-tiny"));
  const m2ib = new M2ib(clip, M2ibConfig.parse({ steps: 1, samples: 1 }));
  const first = m2ib.noiseOf("a.png", 42);
  m2ib.noiseOf("b.png", 42);
  expect(m2ib.noiseOf("a.png", 42).data).toEqual(first.data);
  expect(m2ib.noiseOf("b.png", 42).data).not.toEqual(first.data);
  expect(m2ib.noiseOf("a.png", 43).data).not.toEqual(first.data);
});
