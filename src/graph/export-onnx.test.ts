import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import { openSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { tensor } from "../tensor/tensor.ts";
import { add, conv, exportOnnx, gradients, input, instanceNorm, mul, reduceSum, stored, type Value } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A tensor that lies in a file. */
async function inFile(name: string, shape: number[], numbers: number[]): Promise<Value> {
  const file = join(folder, `${name}.safetensors`);
  await writeSafetensors(file, { [name]: tensor("float32", shape, Float32Array.from(numbers)) });
  return stored((await openSafetensors(file)).tensors.get(name)!);
}

test("a model runs by itself once the file of its weights is gone, on images of other sizes, and says what it is", async () => {
  const weight = await inFile("w", [1, 1, 1, 1], [3]);
  const image = input("image", "float32", [1, 1, 2, 2]);
  const logits = add(conv(image, weight), 1);
  const freeAxes = { image: { 0: "batch", 3: "width" }, logits: { 0: "batch", 3: "width" } };
  const bytes = await exportOnnx({ logits }, { metadata: { classes: "background, lung" }, freeAxes });
  rmSync(join(folder, "w.safetensors"));
  const model = fromBinary(ModelProtoSchema, bytes);
  expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([["classes", "background, lung"]]);
  expect(model.graph!.initializer.every(({ externalData }) => externalData.length === 0)).toBe(true);
  const session = await InferenceSession.create(bytes);
  expect([session.inputNames, session.outputNames]).toEqual([["image"], ["logits"]]);
  const found = await session.run({ image: new Tensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3]) });
  expect(found.logits!.dims).toEqual([1, 1, 2, 3]);
  expect([...(found.logits!.data as Float32Array)]).toEqual([4, 7, 10, 13, 16, 19]);
  await session.release();
});

test("an output that is called as an input is refused", async () => {
  const x = input("x", "float32", [2]);
  await expect(exportOnnx({ x: mul(x, 2) })).rejects.toThrow(
    'exportOnnx: an input and an output are both called "x". Give one another name.',
  );
});

test("an instance normalisation that is only run forward says that it has no gradient", () => {
  const [x, scale, bias] = [input("x", "float32", [1, 2, 3, 3]), input("scale", "float32", [2]), input("bias", "float32", [2])];
  const loss = reduceSum(instanceNorm(x, scale, bias, 1e-5, { isForwardOnly: true }));
  expect(() => gradients(loss, [scale])).toThrow("the operator InstanceNormalization has no gradient rule");
});
