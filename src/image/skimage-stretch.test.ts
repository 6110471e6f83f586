import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { decodeRgb } from "../../test/support/pictures.ts";
import { readSamCase, strided } from "../../test/support/sam-cases.ts";
import { describeWith } from "../../test/support/shared-data.ts";
import { skimageStretch } from "./index.ts";

/** A line of gray pixels. */
const line = (...levels: number[]) => ({
  width: levels.length,
  height: 1,
  data: Uint8Array.from(levels.flatMap((level) => [level, level, level])),
});
const reds = ({ data }: { data: Float64Array }) => [...data].filter((_, i) => i % 3 === 0);

test("an image of the size that is asked for keeps its levels exactly", () => {
  expect(reds(skimageStretch(line(3, 200, 7, 90, 90), { width: 5, height: 1 }))).toEqual([3, 200, 7, 90, 90]);
});

test("the levels of skimage 0.26, for a line that grows and one that shrinks", () => {
  // transform.resize(a, (1, n), order=3, preserve_range=True, anti_aliasing=True) of a line with three equal channels
  expectClose(
    reds(skimageStretch(line(10, 80, 30, 250), { width: 7, height: 1 })),
    [18.9147230321, 31.8841107872, 80.0881924198, 36.25, 41.3367346939, 196.6836734694, 228.7857142857],
    1e-9,
  );
  expectClose(
    reds(skimageStretch(line(10, 80, 30, 250, 40, 90, 0, 200), { width: 3, height: 1 })),
    [53.0186270945, 127.2529124149, 74.8880452972],
    1e-9,
  );
});

test("one pixel fills any size", () => {
  expect(reds(skimageStretch(line(77), { width: 3, height: 1 }))).toEqual([77, 77, 77]);
});

const file = "medsam-tiny.safetensors";

describeWith([`parity/sam/${file}`], "a photograph", () => {
  test("stretched to 1024 x 1024", async () => {
    const parity = await readSamCase(file);
    const { data } = skimageStretch(await decodeRgb(parity.image), { width: 1024, height: 1024 });
    const some = strided(Float32Array.from(data), [1024, 1024, 3], [0, 1], 16);
    expectClose(some, parity.tensors.get("stretched_stride16")!.data as Float32Array, 1e-4, "stretched");
  });
});
