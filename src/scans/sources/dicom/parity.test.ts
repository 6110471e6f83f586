import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";
import { readContent } from "../../read-content.ts";
import type { AppliedWindow } from "../window.ts";
import { dicomFrames, openDicom } from "./frames.ts";
import { pixelFormat } from "./pixel-format.ts";
import { storedFrames } from "./stored-frames.ts";

interface ShownFrame {
  readonly frame: number;
  readonly sha256: string;
  readonly mean: number;
  /** Absent for images of less than 8 x 8 pixels. */
  readonly grid?: readonly (readonly number[])[];
}
interface Case {
  readonly file: string;
  readonly exact: boolean;
  readonly max_difference?: number;
  readonly frames: number;
  readonly stored?: { readonly dtype: keyof typeof types; readonly min: number; readonly max: number; readonly sha256: string };
  readonly modality_values?: { readonly min: number; readonly max: number; readonly mean: number; readonly sha256_float32: string };
  readonly voi?: AppliedWindow;
  readonly invert?: boolean;
  readonly display: { readonly color: string; readonly frames: readonly ShownFrame[] };
}

const types = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const pathOf = (file: string) => (file.startsWith("data/") ? sharedPath(file) : sharedPath("parity/dicom", file));

function summary(arrays: readonly ArrayLike<number>[]) {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      min = Math.min(min, values[i]!);
      max = Math.max(max, values[i]!);
      sum += values[i]!;
    }
    count += values.length;
  }
  return { min, max, mean: sum / count };
}

function sha256(arrays: readonly ArrayBufferView[]): string {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(array as Uint8Array);
  return hash.digest("hex");
}

/** Means of an 8 x 8 division, as numpy.array_split makes it, over all channels. */
function gridOf(data: ArrayLike<number>, rows: number, columns: number, channels: number): number[][] {
  const cuts = (length: number) => Array.from({ length: 9 }, (_, i) => i * Math.floor(length / 8) + Math.min(i, length % 8));
  const [ys, xs] = [cuts(rows), cuts(columns)];
  return Array.from({ length: 8 }, (_, j) =>
    Array.from({ length: 8 }, (_, i) => {
      let [sum, count] = [0, 0];
      for (let y = ys[j]!; y < ys[j + 1]!; y++) {
        for (let at = (y * columns + xs[i]!) * channels; at < (y * columns + xs[i + 1]!) * channels; at++, count++) sum += data[at]!;
      }
      return sum / count;
    }),
  );
}

describeWith(["parity/dicom/pixels.json", "data/dicom/index.csv"], "DICOM files as other programs read them", () => {
  const { cases, refused } = sharedJson<{ cases: Case[]; refused: { file: string; category: string }[] }>("parity/dicom/pixels.json");

  describe.each(cases.map((each) => [each.file, each] as const))("%s", (file, expected) => {
    const { exact, max_difference = 0 } = expected;
    const open = async () => await openDicom(await readContent(pathOf(file)));

    test("has the stored values", async () => {
      const { stored } = expected;
      if (!stored) return; // colour
      const object = readDicom({ name: file, bytes: readFileSync(pathOf(file)) });
      const format = pixelFormat(object);
      const read = storedFrames(object, format);
      const frames = [];
      for (let i = 0; i < format.frames; i++) frames.push(types[stored.dtype].from((await read(i)).data));
      const { min, max } = summary(frames);
      expect(Math.abs(min - stored.min)).toBeLessThanOrEqual(max_difference + 1e-6);
      expect(Math.abs(max - stored.max)).toBeLessThanOrEqual(max_difference + 1e-6);
      if (exact) expect(sha256(frames)).toBe(stored.sha256);
    });

    test("has the values of its modality, and is shown by its rule", async () => {
      const { frames, read } = await open();
      expect(frames).toBe(expected.frames);
      const values: Float32Array[] = [];
      for (let i = 0; i < frames; i++) {
        const frame = await read(i);
        const { width, height, space } = frame.pixels;
        if (expected.modality_values) values.push(Float32Array.from(frame.pixels.data));
        const shown = expected.display.frames.find((each) => each.frame === i);
        if (!shown) continue;
        const { image, window, isInverted } = await frame.display({ mode: "paper" });
        const { data, channels } =
          space === "gray" ? { data: image.data.filter((_, at) => at % 3 === 0), channels: 1 } : { data: image.data, channels: 3 };
        expect(space === "gray" ? "gray" : "RGB, interleaved").toBe(expected.display.color);
        if (space === "gray" && i === 0) {
          expect(isInverted).toBe(expected.invert);
          for (const [name, value] of Object.entries(expected.voi!)) {
            const got = (window as unknown as Record<string, unknown>)[name];
            if (typeof value === "number") expect(got, name).toBeCloseTo(value, 4);
            else expect(got, name).toBe(value);
          }
        }
        if (exact) expect(sha256([data]), `frame ${i}`).toBe(shown.sha256);
        expect(Math.abs(summary([data]).mean - shown.mean)).toBeLessThanOrEqual(0.5);
        const grid = gridOf(data, height, width, channels).flat();
        for (const [at, mean] of (shown.grid ?? []).flat().entries()) expect(Math.abs(grid[at]! - mean), `${at}`).toBeLessThanOrEqual(2);
      }
      if (!expected.modality_values) return;
      const { min, max, mean } = summary(values);
      // Differences are in stored units; the largest slope of the lossy cases is 2. The cases' numbers are rounded.
      const tolerance = 2 * max_difference + 1e-3;
      expect(Math.abs(min - expected.modality_values.min)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(max - expected.modality_values.max)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(mean - expected.modality_values.mean)).toBeLessThanOrEqual(exact ? 1e-3 : 0.5);
      if (exact) expect(sha256(values)).toBe(expected.modality_values.sha256_float32);
    });
  });

  test.each(refused.map(({ file, category }) => [file, category] as const))("%s is refused by name: %s", async (file) => {
    const attempt = readContent(pathOf(file)).then((content) => dicomFrames(content));
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(`"${pathOf(file)}" is `);
  });

  test("all files of other projects are read or refused by name", async () => {
    const [head, ...rows] = parse(readFileSync(sharedPath("data/dicom/index.csv"))) as string[][];
    const files = rows.map((row) => row[head!.indexOf("path")]!);
    expect(files.length).toBeGreaterThan(150);
    for (const file of files) {
      const content = await readContent(sharedPath("data", file));
      try {
        const { frames, read } = await openDicom(content);
        const { image } = await (await read(frames - 1)).display({ mode: "paper" });
        expect(image.data.length, file).toBe(image.width * image.height * 3);
      } catch (error) {
        expect(error, file).toBeInstanceOf(InputError);
        expect((error as Error).message).toContain(`"${content.name}"`);
      }
    }
  });
});
