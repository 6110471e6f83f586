import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { decodeRgb } from "../../../test/support/pictures.ts";
import { readSamCase, type SamCase, strided, temporaryFolder, writeSam } from "../../../test/support/sam-cases.ts";
import { describeCases } from "../../../test/support/shared-data.ts";
import { compile, gradients, input, mul, reduceSum, type Value } from "../../graph/index.ts";
import { samInput } from "../../segment/index.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { Weights } from "../weights.ts";
import { imageEncoder, maskDecoder, promptEncoder, samFamily, samPresets } from "./index.ts";

const config = samPresets["sam-tiny"]!;

describeCases("parity/sam", /^tiny-.*\.safetensors$/, "intermediates of the small model", (files) => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let weights: Weights;
  let parity: SamCase;
  const expected = (name: string): Float32Array => parity.tensors.get(name)!.data as Float32Array;

  beforeAll(async () => {
    temporary = await temporaryFolder();
    // The first case alone stores the whole embedding.
    for (const { file } of files) {
      parity = await readSamCase(file);
      if (parity.tensors.has("embedding")) break;
    }
    weights = await Weights.open(await writeSam(join(temporary.folder, "tiny.safetensors"), config, { seed: parity.seed }), samFamily);
  });
  afterAll(() => temporary.remove());

  async function run(outputs: Record<string, Value>, feeds: Record<string, Tensor>): Promise<Record<string, Tensor<"float32">>> {
    const session = await compile(outputs);
    const results = await session.run(feeds);
    await session.dispose();
    return results as Record<string, Tensor<"float32">>;
  }

  test("the image encoder's patches, blocks and neck", async () => {
    const { patches, blocks, neck, embedding } = imageEncoder(input("image", "float32", [1, 3, 1024, 1024]), weights, config);
    const outputs = { patches, embedding, ...Object.fromEntries([...blocks, ...neck].map((value, i) => [`${i}`, value])) };
    const { pixels } = samInput(await decodeRgb(parity.image), config);
    expectClose(strided(pixels.data, pixels.shape, [2, 3], 16), expected("pixels_stride16"), 0, "pixels");
    const results = await run(outputs, { image: pixels });
    const rows = (name: string, stride: number) => strided(results[name]!.data, results[name]!.shape, [1, 2], stride);
    expectClose(rows("patches", 4), expected("encoder.patch"), 1e-5, "patches");
    for (const i of blocks.keys()) expectClose(rows(`${i}`, 4), expected(`encoder.block${i}`), 1e-4, `block ${i}`);
    for (const i of neck.keys()) {
      const name = `${blocks.length + i}`;
      const channelsFirst = strided(results[name]!.data, results[name]!.shape, [2, 3], 8); // [256, 8, 8]
      const channelsLast = channelsFirst.map((_, at) => channelsFirst[(at % 256) * 64 + Math.floor(at / 256)]!);
      expectClose(channelsLast, expected(`encoder.neck${i}`), 1e-4, `neck ${i}`);
    }
    expectClose(results.embedding!.data, expected("embedding"), 1e-4, "embedding");
  });

  function decoder() {
    const embedding = input("embedding", "float32", [1, 256, 64, 64]);
    const prompt = promptEncoder({ boxes: input("box", "float32", [1, 4]) }, weights, config);
    return { embedding, prompt, decoding: maskDecoder(embedding, prompt, weights, config) };
  }
  const feeds = () => ({
    embedding: tensor("float32", [1, 256, 64, 64], expected("embedding") as Float32Array<ArrayBuffer>),
    box: tensor("float32", [1, 4], expected("box.boxes_1024") as Float32Array<ArrayBuffer>),
  });

  test("the prompt encoder's tokens and planes, and every step of the mask decoder", async () => {
    const { prompt, decoding } = decoder();
    const { layers, transformer, upscaled, hyper, logits, iou } = decoding;
    const states = Object.fromEntries(
      [...layers, transformer].flatMap(({ queries, keys }, i) => [
        [`queries${i}`, queries],
        [`keys${i}`, keys],
      ]),
    );
    const { sparse, dense, densePositions } = prompt;
    const results = await run({ ...states, sparse: sparse!, dense, densePositions, upscaled, hyper, logits, iou }, feeds());
    const plane = (name: string, stride: number) => strided(results[name]!.data, results[name]!.shape, [2, 3], stride);

    expectClose(results.sparse!.data, expected("box.sparse"), 1e-5, "sparse");
    expectClose(
      plane("dense", 64).filter((_, i) => i < 256),
      expected("box.dense"),
      0,
      "dense",
    );
    expectClose(plane("densePositions", 8), expected("dense_pe_stride8"), 1e-5, "positions");
    for (const [i, name] of ["layer0", "layer1", "transformer"].entries()) {
      expectClose(results[`queries${i}`]!.data, expected(`decoder.${name}.queries`), 1e-4, `${name} queries`);
      const keys = strided(results[`keys${i}`]!.data, [64, 64, 256], [0, 1], 8);
      expectClose(keys, expected(`decoder.${name}.keys`), 1e-4, `${name} keys`);
    }
    expectClose(plane("upscaled", 8), expected("decoder.upscaled"), 1e-4, "upscaled");
    expectClose(results.hyper!.data, expected("decoder.hyper"), 1e-4, "hyper");
    expectClose(plane("logits", 4), expected("box.logits_stride4"), 5e-4, "logits");
    expectClose(results.iou!.data, expected("box.iou"), 1e-5, "iou");
  });

  test("a loss on the logits has a gradient in the image embedding that finite differences confirm", async () => {
    const { embedding, decoding } = decoder();
    const loss = reduceSum(mul(decoding.logits, decoding.logits));
    const [gradient] = gradients(loss, [embedding]);
    const given = feeds();
    const results = await run({ loss, gradient: gradient! }, given);
    expect(results.gradient!.shape).toEqual([1, 256, 64, 64]);
    const session = await compile({ loss });
    const lossAt = async (index: number, change: number): Promise<number> => {
      const moved = given.embedding.data.slice();
      moved[index]! += change;
      const { loss } = await session.run({ ...given, embedding: tensor("float32", [1, 256, 64, 64], moved) });
      return loss!.data[0] as number;
    };
    // The steepest of every third part of the elements: the loss is float32, so a slope must stand out from its rounding.
    const { data } = results.gradient!;
    const third = Math.floor(data.length / 3);
    for (let part = 0; part < 3; part++) {
      let index = part * third;
      for (let i = index; i < (part + 1) * third; i++) if (Math.abs(data[i]!) > Math.abs(data[index]!)) index = i;
      const slope = ((await lossAt(index, 0.05)) - (await lossAt(index, -0.05))) / 0.1;
      expect(Math.abs(slope / data[index]! - 1)).toBeLessThan(0.02);
    }
    await session.dispose();
  });
});
