import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { scanOptions } from "../../test/support/scan-results.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { scansOf } from "../scans/scans-of.ts";
import { unnamedTarget } from "../targets/target.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { niftiWriter } from "./nifti-scan.ts";

const out = mkdtempSync(join(tmpdir(), "nifti-scan-"));
afterAll(() => rmSync(out, { recursive: true }));

describeWith(["parity/dicom/nifti/orientation.json"], "masks of NIfTI volumes", () => {
  interface Case {
    readonly file: string;
    readonly codes: string;
    readonly sha256_mask_uint8_as_stored: string;
  }
  const { orientations } = sharedJson<{ orientations: Case[] }>("parity/dicom/nifti/orientation.json");

  test("axial masks go back onto the own axes of files in all 48 orders", async () => {
    const { tensors } = await readSafetensors(sharedPath("parity/dicom/nifti/canonical.safetensors"));
    const { data, shape } = tensors.get("mask_axial")!;
    const [, rows, columns] = shape as [number, number, number];
    const target = unnamedTarget(["mask"]);
    for (const { file, codes, sha256_mask_uint8_as_stored } of orientations) {
      const { scans } = await scansOf([sharedPath("parity/dicom", file)]);
      const maskOf = async (_: unknown, frame: number) => ({
        width: columns,
        height: rows,
        data: Uint8Array.from(Array.from(data.slice(frame * rows * columns, (frame + 1) * rows * columns), Number)),
      });
      const { files } = await niftiWriter.open(scanOptions(out), [target]).add({ scan: scans[0]!, targets: [target], models: [], maskOf });
      const voxels = gunzipSync(readFileSync(files[0]!)).subarray(352);
      expect(createHash("sha256").update(voxels).digest("hex"), codes).toBe(sha256_mask_uint8_as_stored);
    }
  });
});
