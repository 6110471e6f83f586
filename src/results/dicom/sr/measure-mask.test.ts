import { expect, test } from "vitest";
import { caseSource } from "../../../../test/support/parity-source.ts";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import { readSafetensors } from "../../../tensor/safetensors.ts";
import { measureMask } from "./measure-mask.ts";

test("a rectangle of 3 x 2 pixels, by hand", () => {
  // Its contour cuts the corners: from (-0.5, 0..1) to (2.5, 0..1) and (0..2, -0.5) to (0..2, 1.5); 2 mm between rows, 1 mm between columns.
  const mask = { width: 3, height: 2, data: new Uint8Array(6).fill(1) };
  const measures = measureMask(mask, [2, 1])!;
  expect(measures.areaMm2).toBe(12);
  expect(measures.longAxisMm).toBeCloseTo(Math.hypot(2, 4), 12);
  expect(measureMask({ ...mask, data: new Uint8Array(6) }, [2, 1])).toBeUndefined();
});

interface Measurement {
  readonly masks: string;
  readonly segment: number;
  readonly slice: number;
  readonly area_mm2: number;
  readonly long_axis_mm: number;
  readonly short_axis_mm: number;
}

describeWith(["parity/dicom/sr.json"], "measures of the cases", () => {
  const { measurements } = sharedJson<{ measurements: Measurement[] }>("parity/dicom/sr.json");

  test("areas and axes are those of the cases", async () => {
    for (const { masks, segment, slice, area_mm2, long_axis_mm, short_axis_mm } of measurements) {
      const { tensors } = await readSafetensors(sharedPath("parity/dicom", masks));
      const { data, shape } = tensors.get("masks")!;
      const [, frames, height, width] = shape as [number, number, number, number];
      const at = (segment * frames + slice) * height * width;
      const mask = { width, height, data: Uint8Array.from(Array.from(data.slice(at, at + height * width), Number)) };
      const [row, column] = caseSource(masks.replace("masks.safetensors", "source"))[0]!.header.numbers("PixelSpacing");
      const found = measureMask(mask, [row!, column!])!;
      const name = `${masks} ${segment} ${slice}`;
      expect(found.areaMm2, name).toBeCloseTo(area_mm2, 4);
      expect(found.longAxisMm, name).toBeCloseTo(long_axis_mm, 4);
      expect(found.shortAxisMm, name).toBeCloseTo(short_axis_mm, 4);
    }
  });
});
