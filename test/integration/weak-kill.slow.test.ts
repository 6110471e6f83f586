import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtCommand } from "../support/build.ts";
import { runCommand, runWhenFree, signalAt, startCommand } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-kill-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const args = (out: string): string[] => [
  ...[
    "weak",
    "run",
    at("scans", "images"),
    "--out",
    at(out),
    "--pack",
    "packs/phantom",
    "--prompt",
    "A breast ultrasound showing a lesion",
  ],
  ...["--test-masks", at("scans", "masks_lesion"), "--train-masks", at("scans", "masks_lesion"), "--min-kept", "3", "--seeds", "2"],
  ...["--epochs", "3", "--epoch-steps", "3", "--threads", "1", "--workers", "0", "--events"],
];

/** Everything but the records of when and how fast. */
const filesOf = (out: string): Record<string, string> =>
  Object.fromEntries(
    (readdirSync(at(out), { recursive: true }) as string[])
      .filter((file) => /\.(png|csv|npy|safetensors)$|dataset\.json$|plans\.json$|gate\.json$|results\.json$/.test(file))
      .sort()
      .map((file) => [file, readFileSync(at(out, file)).toString("base64")]),
  );

beforeAll(async () => {
  await builtCommand();
  const phantoms = ["phantom", "--out", at("scans"), "--count", "8", "--size", "64", "--seed", "3", "--modalities", "breast-ultrasound"];
  expect((await runCommand(phantoms)).status).toBe(0);
  expect(await runCommand(args("whole"))).toMatchObject({ status: 0 });
});

// One place in each stage: pseudo-labels, both trainings, ensemble, zero-shot masks.
test.each([
  ["while pseudo-labels are made", ['"type":"item"']],
  ["between pseudo-labels and training", ['"2. training"']],
  ["in the training", ['"type":"step","step":5']],
  ["in the ensemble", ['"3. ensemble"', '"type":"epoch","epoch":3']],
  ["in the training on true masks", ['"6. training']],
  ["three times", ['"type":"item"', '"type":"step","step":4', '"3. ensemble"']],
])("killed %s and started again, it ends with the same bytes", async (where, moments) => {
  const out = where.replaceAll(" ", "-");
  for (const moment of moments) expect((await signalAt(startCommand(args(out)), moment, "SIGKILL")).signal).toBe("SIGKILL");
  const { status, stderr } = await runWhenFree(args(out));
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  expect(filesOf(out)).toEqual(filesOf("whole"));
});
