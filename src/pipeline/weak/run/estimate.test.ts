import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { collect } from "../../../../test/support/tiny-run.ts";
import { encodeNifti } from "../../../results/encode-nifti.ts";
import { estimateRun } from "./estimate.ts";
import { WeakRunSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-estimate-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("images of which none can be read end with the reason, and with what to do about a volume", async () => {
  const volume = join(folder, "volume.nii");
  writeFileSync(volume, encodeNifti({ shape: [2, 2, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), placement: undefined }));
  const settings = WeakRunSettings.parse({ inputs: [volume], prompt: ["a lesion"], out: join(folder, "out"), dryRun: true });
  await expect(collect(estimateRun(settings))).rejects.toThrow(
    `None of the images can be read. The first: "${volume}" holds 2 slices; one is expected. \`medclip-sam inspect "${volume}" --png DIR\``,
  );
});
