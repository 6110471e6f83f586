import { expect, test } from "vitest";
import type { AugmentedPicture, PairBatch, PairWorkers } from "../../data/index.ts";
import { clipPresets } from "../../models/clip/index.ts";
import { tensor } from "../../tensor/tensor.ts";
import { Supervision } from "./supervision.ts";

const config = clipPresets["biomedclip-tiny"]!;
const workers = { encode: async () => [] } as unknown as PairWorkers;
const picture = (isEmptyCrop: boolean): AugmentedPicture => ({ coverage: new Float32Array(0), isMirrored: false, isEmptyCrop });

const batch = (augmented?: readonly AugmentedPicture[]): PairBatch => ({
  pairs: ["a", "b", "c"].map((key) => ({ key, image: { file: `${key}.png` }, caption: `This is ${key}` })),
  pixels: tensor("uint8", [3, 3, 1, 1], new Uint8Array(9)),
  ids: [[1], [2], [3]],
  ...(augmented && { augmented }),
  dropped: [],
  position: 3,
});

test("the caption of an empty crop is no positive; without such crops nothing is said", async () => {
  const of = async (emptyCrops: number | undefined, augmented?: readonly AugmentedPicture[]) => {
    const augmentation = emptyCrops === undefined ? undefined : { emptyCrops };
    const supervision = await Supervision.open({ maskNegatives: false, augmentation }, workers, config);
    return supervision.of(batch(augmented), { epoch: 0, seed: 1 }).paired;
  };
  const some = [picture(false), picture(true), picture(false)];
  expect(await of(0.1, some)).toEqual(tensor("float32", [3], Float32Array.of(1, 0, 1)));
  expect(await of(0.1, [picture(false), picture(false), picture(false)])).toEqual(tensor("float32", [3], Float32Array.of(1, 1, 1)));
  expect(await of(0, some)).toBeUndefined();
  expect(await of(undefined)).toBeUndefined();
});
