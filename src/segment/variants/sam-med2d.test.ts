import { afterAll, beforeAll, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { randomModel } from "../../../test/support/models.ts";
import { decodeMask, decodeRgb } from "../../../test/support/pictures.ts";
import { iou, promptsOf, readSamCase, type SamCase, strided } from "../../../test/support/sam-cases.ts";
import { describeWith, sharedPath } from "../../../test/support/shared-data.ts";
import { compile, input } from "../../graph/index.ts";
import { locateSam } from "../../hub/locate.ts";
import { imageEncoder } from "../../models/sam/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { SamPredictor } from "../index.ts";
import { samInput } from "./index.ts";

test("each pixel of the square is the nearest one of the image, normalised", () => {
  const image = { width: 1, height: 2, data: Uint8Array.of(10, 20, 30, 200, 210, 220) };
  const { pixels, resized } = samInput(image, { variant: "sam-med2d", imageSize: 4 });
  expect(resized).toEqual({ width: 4, height: 4 });
  const red = [10, 10, 200, 200].flatMap((level) => Array(4).fill((level - 123.675) / 58.395));
  expectClose(pixels.data.subarray(0, 16), red, 1e-6);
});

const file = "sam-med2d-tiny.safetensors";

describeWith([`parity/sam/${file}`], "SAM-Med2D's adapters, preparation and masks", () => {
  let predictor: SamPredictor;
  let parity: SamCase;
  const expected = (name: string) => parity.tensors.get(name)!.data as Float32Array;
  beforeAll(async () => {
    parity = await readSamCase(file);
    predictor = await SamPredictor.open((await locateSam(await randomModel("sam-med2d-tiny", undefined, parity.seed))).weights);
  });
  afterAll(() => predictor.dispose());

  test("every block with its adapter", async () => {
    const { config, weights } = predictor;
    const { pixels } = samInput(await decodeRgb(parity.image), config);
    expectClose(strided(pixels.data, pixels.shape, [2, 3], 4), expected("pixels_stride4"), 1e-6, "pixels");
    const { patches, blocks, embedding } = imageEncoder(input("image", "float32", [1, 3, 256, 256]), weights, config);
    const session = await compile({ patches, embedding, ...Object.fromEntries(blocks.map((block, i) => [`block${i}`, block])) });
    const results = (await session.run({ image: pixels })) as Record<string, Tensor<"float32">>;
    await session.dispose();
    const rows = (name: string) => strided(results[name]!.data, results[name]!.shape, [1, 2], 2);
    expectClose(rows("patches"), expected("encoder.patch"), 1e-5, "patches");
    for (const i of blocks.keys()) expectClose(rows(`block${i}`), expected(`encoder.block${i}`), 1e-4, `block ${i}`);
    expectClose(results.embedding!.data, expected("embedding"), 1e-4, "embedding");
  });

  test.each(["box", "points5"])("the masks of the prompt %s, and the best of three", async (prompt) => {
    const { values } = await predictor.setImage(await decodeRgb(parity.image));
    expectClose(values.data, expected("embedding"), 1e-4, "embedding");
    const [prediction] = await predictor.predict(promptsOf(parity, prompt));
    expectClose(prediction!.logits, expected(`${prompt}.logits`), 5e-4, "logits");
    expectClose(prediction!.scores, expected(`${prompt}.iou`), 1e-5, "scores");
    const full = [0, 1, 2, 3].map((i) => prediction!.fullLogits(i));
    const some = full.flatMap(({ data, width, height }) => Array.from(strided(data, [height, width], [0, 1], 8)));
    expectClose(some, expected(`${prompt}.full_stride8`), 5e-4, "logits at the image's size");
    for (const [name, index] of [
      ["single", 0],
      ["best", prediction!.best],
    ] as const) {
      const mask = await decodeMask(sharedPath("parity", "sam", "masks", `sam-med2d-tiny-${prompt}-${name}.png`));
      expect(iou(prediction!.mask(index), mask), name).toBeGreaterThanOrEqual(0.9995);
    }
  });
});
