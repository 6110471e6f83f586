import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtScript, mainFile } from "../support/build.ts";
import { runCommand } from "../support/command.ts";

// The script that makes the pack, at a hundredth of its size, from an empty folder to a pack that segments.

let folder: string;
let script: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-phantom-pack-"));
  script = await builtScript("phantom-pack");
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts the script. @param name - of its folders */
function start(name: string) {
  const args = [script, "--minute", "--work", at(name, "work"), "--out", at(name, "pack"), "--command", mainFile];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  let said = "";
  const seen: { text: string; resolve: () => void }[] = [];
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    said += part;
    for (const { text, resolve: tell } of seen) if (said.includes(text)) tell();
  });
  const ended = new Promise<{ status: number | null; said: string }>((done) => child.once("close", (status) => done({ status, said })));
  const until = (text: string) => new Promise<void>((tell) => seen.push({ text, resolve: tell }));
  return { child, ended, until };
}

/** SHA-256 of every file of a pack, by its name. */
async function contents(pack: string): Promise<Record<string, string>> {
  const files = (await readdir(pack, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const hashes = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [
      path.slice(pack.length + 1),
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ] as const;
  });
  return Object.fromEntries((await Promise.all(hashes)).sort());
}

test("the script makes a pack from an empty folder, with the same bytes if it is killed and restarted", async () => {
  const whole = start("whole");
  expect((await whole.ended).status).toBe(0);
  const made = await contents(at("whole", "pack"));
  expect(Object.keys(made)).toEqual([
    "clip/open_clip_config.json",
    "clip/open_clip_model.safetensors",
    "clip/vocab.txt",
    "pack.json",
    "sam/model.safetensors",
  ]);
  const interrupted = start("interrupted");
  await interrupted.until("train the CLIP ...");
  process.kill(-interrupted.child.pid!, "SIGKILL"); // with the command that it runs, which would hold the folder for a while
  await interrupted.ended;
  const { status, said } = await start("interrupted").ended;
  expect(status).toBe(0);
  expect(said).not.toContain("draw phantoms"); // finished stages are skipped
  expect(await contents(at("interrupted", "pack"))).toEqual(made);
}, 600_000);

test("the pack segments, and states that it is a demonstration model", async () => {
  const image = at("whole", "work", "train", "images", "chest-xray-00000.png");
  const args = ["segment", image, "--prompt", "A chest X-ray showing the heart", "--pack", at("whole", "pack"), "--out", at("out")];
  const { status, stderr } = await runCommand(args);
  expect(status).toBe(0);
  expect(stderr).toContain("demonstration model");
  expect((await stat(at("out", "masks", "chest-xray-00000.png"))).size).toBeGreaterThan(50);
});
