import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeRgb, sha256 } from "../../../test/support/pictures.ts";
import { describeWith, readCase, sharedPath } from "../../../test/support/shared-data.ts";
import { ShapeError } from "../../errors.ts";
import type { Image } from "../../image/index.ts";
import { uniform } from "../../tensor/random.ts";
import { samInput } from "./index.ts";
import { sam } from "./sam.ts";

const resizedSize = sam.sizeWithin;
const resizeLongest = sam.resize;

describe("size of the resized image", () => {
  test("the longer side becomes the model's, the other is rounded half up", () => {
    // 731.43 for 7 x 5; 682.5 for 3 x 2 would be a tie.
    expect(resizedSize({ width: 7, height: 5 }, 1024)).toEqual({ width: 1024, height: 731 });
    expect(resizedSize({ width: 100, height: 150 }, 3)).toEqual({ width: 2, height: 3 });
    expect(resizedSize({ width: 1, height: 2 }, 3)).toEqual({ width: 2, height: 3 });
  });

  test("a line keeps at least one pixel of width", () => {
    expect(resizedSize({ width: 5000, height: 1 }, 1024)).toEqual({ width: 1024, height: 1 });
  });

  test("any image fits the square and touches its side", () => {
    const length = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(length, length, (width, height) => {
        const resized = resizedSize({ width, height }, 1024);
        expect(Math.max(resized.width, resized.height)).toBe(1024);
        expect(Math.min(resized.width, resized.height)).toBeGreaterThan(0);
      }),
    );
  });
});

test("padding is zero after normalising, and a channel is (level - mean) / deviation", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 10, 20, 30) };
  const { pixels, resized } = samInput(image, { variant: "sam", imageSize: 4 });
  expect(resized).toEqual({ width: 4, height: 2 });
  const plane = (channel: number) => Array.from(pixels.data.subarray(channel * 16, channel * 16 + 16));
  for (const [channel, value] of [(10 - 123.675) / 58.395, (20 - 116.28) / 57.12, (30 - 103.53) / 57.375].entries()) {
    for (const [i, x] of plane(channel).entries()) expect(x).toBeCloseTo(i < 8 ? value : 0, 6);
  }
});

describe("logits at the size of the image", () => {
  test("the padded part of the square is cut off before the second step", () => {
    // Logits [2, 2]: the image fills the upper half of the square, so only the upper row of logits reaches it.
    const placement = { size: { width: 4, height: 2 }, resized: { width: 4, height: 2 }, side: 4 };
    const { width, height, data } = sam.enlarge(Float32Array.of(1, 3, 100, 100), placement);
    // Square row 0 lies at -0.25 of the logits, so it is their row 0; row 1 lies at 0.25.
    expect([width, height]).toEqual([4, 2]);
    expect(Array.from(data.subarray(0, 4))).toEqual([1, 1.5, 2.5, 3]);
    expect(data[4]).toBeCloseTo(0.75 * 1 + 0.25 * 100, 4);
  });

  test("logits that are no square are refused", () => {
    const placement = { size: { width: 1, height: 1 }, resized: { width: 1, height: 1 }, side: 1 };
    expect(() => sam.enlarge(new Float32Array(6), placement)).toThrow(ShapeError);
  });
});

interface Case {
  readonly name: string;
  readonly image?: string;
  readonly width: number;
  readonly height: number;
  readonly resized: readonly [width: number, height: number];
  readonly head_at_xy: readonly [x: number, y: number];
  readonly input_sha256: string;
  readonly resized_sha256: string;
}

describeWith(["parity/sam/preprocess.safetensors"], "bytes of the resized image", () => {
  /** The pattern of the cases: (3x + 5y + 37c + floor(64 u)) mod 256. */
  function pattern({ width, height, name }: Case, seed: number): Image {
    const stream = uniform(`pattern/${name}`, seed);
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < data.length; i++) {
      const [channel, pixel] = [i % 3, Math.floor(i / 3)];
      data[i] = 3 * (pixel % width) + 5 * Math.floor(pixel / width) + 37 * channel + Math.floor(64 * stream.at(i));
    }
    return { width, height, data };
  }

  /** Rows and columns exchanged. */
  function transposed({ width, height, data }: Image): Image {
    const out = new Uint8Array(data.length);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const at = (pixel % width) * height + Math.floor(pixel / width);
      for (let c = 0; c < 3; c++) out[at * 3 + c] = data[pixel * 3 + c]!;
    }
    return { width: height, height: width, data: out };
  }

  function cropped({ width, height, data }: Image, x0: number, y0: number, w: number, h: number): number[] {
    const [x1, y1] = [Math.min(x0 + w, width), Math.min(y0 + h, height)];
    return Array.from({ length: y1 - y0 }, (_, y) =>
      Array.from(data.subarray(((y0 + y) * width + x0) * 3, ((y0 + y) * width + x1) * 3)),
    ).flat();
  }

  test("are those of the official tool for patterns and images", async ({ annotate }) => {
    const { tensors, settings } = await readCase<{ cases: Case[] }>("parity/sam/preprocess.safetensors");
    for (const item of settings.cases) {
      const image = item.image ? await decodeRgb(sharedPath("data", item.image)) : pattern(item, settings.seed);
      if (item.image?.endsWith(".jpg") && sha256(image.data) !== item.input_sha256) {
        await annotate(`${item.name} left out: its JPEG decodes to other bytes here`);
        continue;
      }
      expect(sha256(image.data), `${item.name}: input`).toBe(item.input_sha256);
      // Pillow 13, which made the cases, resamples columns first where the height shrinks much more than the width.
      const lost = [item.width - item.resized[0], item.height - item.resized[1]] as const;
      const isColumnsFirst = lost[1] > 0 && lost[1] > 2 * lost[0];
      const resized = isColumnsFirst ? transposed(resizeLongest(transposed(image), 1024)) : resizeLongest(image, 1024);
      expect([resized.width, resized.height], item.name).toEqual(item.resized);
      const [x, y] = item.head_at_xy;
      const { width, height } = resized;
      expect(cropped(resized, x, y, 24, 24), `${item.name}: head`).toEqual(
        Array.from(tensors.get(`${item.name}.head`)!.data as Uint8Array),
      );
      expect(cropped(resized, width - 16, height - 16, 16, 16), `${item.name}: tail`).toEqual(
        Array.from(tensors.get(`${item.name}.tail`)!.data as Uint8Array),
      );
      expect(sha256(resized.data), `${item.name}: all`).toBe(item.resized_sha256);
    }
  });
});
