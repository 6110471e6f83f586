import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtScript, mainFile } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";

// The script that trains the starter pack, with a few images and steps: the way from the data to a pack that segments.

const run = promisify(execFile);

describeWith(["training/index.csv", "data/index.csv"], "the starter pack", () => {
  let folder: string;
  let script: string;
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "medclip-sam-starter-pack-"));
    script = await builtScript("starter-pack");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("is made in stages, and what is done is not done again", async () => {
    const args = [script, "--minute", "--data", sharedPath("."), "--command", mainFile];
    const make = () => run(process.execPath, [...args, "--work", at("work"), "--out", at("pack")]);
    const { stdout } = await make();
    expect(stdout.match(/^.* \.\.\.$/gm)).toEqual([
      "lay out the data ...",
      "begin a CLIP ...",
      "train the CLIP 1 ...",
      "train the CLIP 2 ...",
      "make coarse masks with the CLIP ...",
      "begin a SAM ...",
      "train the SAM 1 ...",
      "choose the settings ...",
      "write the pack ...",
    ]);
    expect((await readdir(at("pack"))).sort()).toEqual(["clip", "pack.json", "sam"]);
    expect((await make()).stdout).not.toContain("...");
  }, 600_000);

  test("segments an image, or says that the target is not shown", async () => {
    const image = sharedPath("training/mri_brain_tumor/images/0001.jpg");
    const args = ["segment", image, "--prompt", "the brain tumour", "--pack", at("pack"), "--out", at("out")];
    const { status, stderr } = await runCommand(args);
    expect(status).toBe(0);
    expect(stderr).toContain("starter pack: small networks");
    expect(await readdir(at("out", "masks"))).toEqual(["0001.png"]);
  });
});
