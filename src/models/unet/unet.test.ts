import { expect, test } from "vitest";
import { MadeWeights } from "../../../test/support/made-weights.ts";
import { describeCases, describeWith, readCase, sharedJson } from "../../../test/support/shared-data.ts";
import { type Architecture, configOf } from "../../../test/support/unet-cases.ts";
import { compareNetwork } from "../../../test/support/unet-parity.ts";
import { gradients, input, reduceSum } from "../../graph/index.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { firstNameOf, type UNetConfig, unet, unetShapes } from "./index.ts";

const smallNetwork = /^network_(?!.*_256).*\.safetensors$/;

describeCases("parity/nnunet", smallNetwork, "small networks of nnU-Net", (files) => {
  test.each(files.map(({ file }) => file))("%s: heads and encoder stages are the reference's", async (file) => {
    await compareNetwork(`parity/nnunet/${file}`, 1e-4);
  });
});

type NameRow = readonly [name: string, shape: Shape, first: string];
const namesFile = "parity/nnunet/state_dict_names.json";

describeWith([namesFile], "names of nnU-Net's files", () => {
  const rows = sharedJson<Record<string, NameRow[]>>(namesFile);

  test.each(Object.keys(rows))("%s: first names and shapes in the order of the file, and every name leads to its first", async (name) => {
    const { settings } = await readCase<{ architecture: Architecture; input_channels: number; num_classes: number }>(
      `parity/nnunet/network_${name}.safetensors`,
    );
    const shapes = unetShapes(configOf(settings.architecture, settings.input_channels, settings.num_classes));
    const firsts = rows[name]!.filter(([own, , first]) => own === first);
    expect([...shapes]).toEqual(firsts.map(([own, shape]) => [own, shape]));
    for (const [own, shape, first] of rows[name]!) {
      expect(firstNameOf(own)).toBe(first);
      expect(shapes.get(first)).toEqual(shape);
    }
  });
});

/** Inputs of a graph under the official names. */
const inputs = (shapes: ReadonlyMap<string, Shape>) => new MadeWeights(shapes, (name, shape) => input(name, "float32", shape));

const config: UNetConfig = {
  kind: "residual-encoder",
  inputChannels: 3,
  outputs: 2,
  stages: [
    { features: 4, kernel: [3, 3], stride: [1, 1], blocks: 1 },
    { features: 6, kernel: [1, 3], stride: [1, 2], blocks: 2 },
    { features: 6, kernel: [3, 3], stride: [2, 2], blocks: 1 },
  ],
  decoderConvs: [1, 2],
  convBias: false,
  normEps: 1e-5,
  slope: 0.01,
};

test.each(["plain", "residual-encoder"] as const)(
  "a %s network reads each of its tensors once, and all of them have a gradient",
  (kind) => {
    const weights = inputs(unetShapes({ ...config, kind }));
    const { heads, stages, decoder } = unet(input("x", "float32", [2, 3, 8, 12]), weights, { ...config, kind }, { deepSupervision: true });
    expect(new Set(weights.values.keys())).toEqual(new Set(unetShapes({ ...config, kind }).keys()));
    expect(heads.map(({ shape }) => shape)).toEqual([
      [2, 2, 8, 12],
      [2, 2, 8, 6],
    ]);
    expect(stages.map(({ shape }) => shape.slice(1))).toEqual([
      [4, 8, 12],
      [6, 8, 6],
      [6, 4, 3],
    ]);
    expect(decoder.map(({ shape }) => shape.slice(1))).toEqual([
      [6, 8, 6],
      [4, 8, 12],
    ]);
    const loss = reduceSum(heads[0]!);
    const read = gradients(loss, [...weights.values.values()]);
    expect(read.map(({ shape }) => shape)).toEqual([...weights.values.values()].map(({ shape }) => shape));
  },
);

test("a picture that the strides do not divide is refused", () => {
  const weights = inputs(unetShapes(config));
  expect(() => unet(input("x", "float32", [1, 3, 8, 10]), weights, config, { deepSupervision: false })).toThrow(
    "unet: expected images [B, 3, H, W] with H a multiple of 2 and W of 4, got [1,3,8,10]. Pad them first.",
  );
});
