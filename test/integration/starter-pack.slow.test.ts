import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtCommand, mainFile } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";

// The script that trains the starter pack, with a few images and steps: the way from the data to a pack that segments.

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

describeWith(["training/index.csv", "data/index.csv"], "the starter pack", () => {
  let folder: string;
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "medclip-sam-starter-pack-"));
    await builtCommand();
    const options = ["--no-config", "--no-dts", "--out-dir", at("script"), "--target", "node20.19", "--log-level", "error"];
    await run(process.execPath, ["node_modules/tsdown/dist/run.mjs", "scripts/starter-pack.ts", ...options], { cwd: root });
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("is made in stages, and what is done is not done again", async () => {
    const script = [at("script", "starter-pack.mjs"), "--minute", "--data", sharedPath("."), "--command", mainFile];
    const make = () => run(process.execPath, [...script, "--work", at("work"), "--out", at("pack")]);
    const { stdout } = await make();
    expect(stdout.match(/^.* \.\.\.$/gm)).toEqual([
      "lay out the data ...",
      "begin a CLIP ...",
      "train the CLIP 1 ...",
      "train the CLIP 2 ...",
      "make coarse masks with the CLIP ...",
      "begin a SAM ...",
      "train the SAM 1 ...",
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
