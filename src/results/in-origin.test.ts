import { expect, test } from "vitest";
import { madeSeries } from "../../test/support/dicom-series.ts";
import { KeptVolumes, resliced } from "../scans/resliced.ts";
import { unnamedTarget } from "../targets/target.ts";
import { inOrigin } from "./in-origin.ts";
import type { ScanResult } from "./scan-writer.ts";

const target = unnamedTarget(["a lesion"]);

test("masks and probabilities of sagittal slices lie on the frames of their series", async () => {
  const scan = resliced(madeSeries({ rows: 6, columns: 8, slices: 3 }), "sagittal", new KeptVolumes());
  const size = { width: scan.columns, height: scan.rows };
  expect(size).toEqual({ width: 6, height: 3 });
  // In the sagittal slice of column 5: row 0 is the slice at the head (2), column 4 is row 4 of the frames.
  const levels = (slice: number) => Uint8Array.from({ length: 18 }, (_, i) => (slice === 5 && i === 4 ? 1 : 0));
  const result: ScanResult = {
    scan: { ...scan, name: "deep/CT-3" },
    targets: [target],
    models: [],
    maskOf: async (_, slice) => ({ ...size, data: levels(slice) }),
    probabilityOf: async (_, slice) => ({ ...size, data: Float32Array.from(levels(slice), (level) => (level * 200) / 255) }),
  };
  const { scan: origin, maskOf, probabilityOf } = inOrigin(result);
  expect(origin).toMatchObject({ name: "deep/CT-3", rows: 6, columns: 8 });
  expect(origin.frames).toHaveLength(3);
  expect(await maskOf(target, 0)).toBeUndefined();
  const mask = await maskOf(target, 2);
  expect([...mask!.data].flatMap((value, i) => (value ? [i] : []))).toEqual([4 * 8 + 5]);
  expect((await probabilityOf!(target, 2))!.data[4 * 8 + 5]).toBeCloseTo(200 / 255, 6);
});

test("masks of frames as acquired stay as they are", () => {
  const result: ScanResult = { scan: madeSeries(), targets: [target], models: [], maskOf: async () => undefined };
  expect(inOrigin(result)).toBe(result);
});
