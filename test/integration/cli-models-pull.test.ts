import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtCommand } from "../support/build.ts";
import { runCommand, signalAt, startCommand } from "../support/command.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { answer, type HubServer, partThen, startHubServer } from "../support/hub-server.ts";
import { nanoClip, nanoSam } from "../support/models.ts";
import { writeDisc, writeWords } from "../support/tiny-run.ts";

const commit = "89abcdef0123456789abcdef0123456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "medclip-sam-pull-"));
const at = (...parts: string[]) => join(folder, ...parts);
const repositories = { biomedclip: "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224", "sam-vit-b": "facebook/sam-vit-base" };

let server: HubServer;
beforeAll(async () => {
  await builtCommand();
  await writeDisc(at("scans", "a.png"), 1);
  const models = [
    [repositories.biomedclip, await nanoClip(writeWords())],
    [repositories["sam-vit-b"], await nanoSam()],
  ] as const;
  const files = models.flatMap(([repository, model]) =>
    readdirSync(model).map((name): [string, Buffer] => [`${repository}/${name}`, readFileSync(join(model, name))]),
  );
  server = await startHubServer({ commit, files: Object.fromEntries(files) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const environment = (home: string) => ({
  ...{ HF_ENDPOINT: server.url, HF_HOME: at(home), XDG_CACHE_HOME: at(home, "cache"), HF_TOKEN: "", HF_HUB_CACHE: "", HF_HUB_OFFLINE: "" },
});
const command = (home: string, ...args: string[]) => runInProcess(args, environment(home));
const segment = (home: string) =>
  command(
    home,
    "segment",
    at("scans"),
    "--prompt",
    "dark lesion",
    ...["--clip", "biomedclip", "--sam", "sam-vit-b", "--layer", "1"],
    "--out",
    at("out"),
  );

test("segment names the one command that downloads all missing models, and that command does", async () => {
  const missing = await segment("home");
  expect(missing.status).toBe(3);
  expect(missing.stderr).toContain("`medclip-sam models pull biomedclip sam-vit-b`");
  expect(server.seen).toEqual([]);
  expect(existsSync(at("out"))).toBe(false);

  const pulled = await runCommand(["models", "pull", "biomedclip", "sam-vit-b"], environment("home"));
  expect(pulled.status, pulled.stderr).toBe(0);
  expect(pulled.stderr).toMatch(/biomedclip: .*Licence: MIT\. .*model card apply: http/);
  expect(pulled.stdout).toMatch(/^biomedclip: \d+ of \d+ files downloaded, .*all hashes are right. Use it with --clip biomedclip$/m);
  expect(pulled.stdout).toContain(join(at("home", "hub"), "models--facebook--sam-vit-base", "snapshots", commit));

  const count = server.seen.length;
  const done = await segment("home");
  expect(done.status, done.stderr).toBe(0);
  expect(server.seen).toHaveLength(count);
});

test("a dry run says what would be downloaded", async () => {
  const { status, stdout } = await command("dry", "models", "pull", "sam-vit-b", "--dry-run");
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^sam-vit-b: facebook/sam-vit-base, commit ${commit}\n {2}model.safetensors {2}[\\d,]+ kB`));
  expect(existsSync(at("dry"))).toBe(false);
});

test("a model that fails is named, the others are downloaded, and the status is 3", async () => {
  server.once("HEAD BiomedCLIP", answer(401));
  const { status, stderr } = await command("one", "models", "pull", "biomedclip", "sam-vit-b");
  expect(status).toBe(3);
  expect(stderr).toContain("failed: biomedclip: ");
  expect(stderr).toContain("error: 1 of 2 models could not be downloaded: biomedclip");
  expect((await command("one", "models", "verify", "sam-vit-b")).status).toBe(0);
});

test("a name that is none is wrong use, and nothing is asked", async () => {
  const count = server.seen.length;
  const { status, stderr } = await command("none", "models", "pull", "sam-vit-b", "sam-vit-x");
  expect([status, stderr]).toEqual([2, expect.stringContaining('"sam-vit-x" is no published model')]);
  expect((await command("none", "models", "pull")).status).toBe(2);
  expect(server.seen).toHaveLength(count);
});

test("Ctrl-C leaves what has arrived, and the same command resumes", async () => {
  const sha256 = createHash("sha256")
    .update(readFileSync(join(await nanoSam(), "model.safetensors")))
    .digest("hex");
  server.once(`GET /${sha256}/`, partThen(70_000, "silence"));
  const running = startCommand(["models", "pull", "sam-vit-b", "--events"], environment("stop"));
  const { status } = await signalAt(running, '"type":"transfer","name":"sam-vit-b/model.safetensors"', "SIGINT");
  expect(status).toBe(130);
  expect(readdirSync(at("stop", "hub", "models--facebook--sam-vit-base", "blobs")).some((name) => name.endsWith(".incomplete"))).toBe(true);
  const resumed = await command("stop", "models", "pull", "sam-vit-b");
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(server.seen.filter(({ path }) => path.startsWith(`/${sha256}/`)).at(-1)!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
});

test("models go to a machine without network in one file, and verify knows their hashes there", async () => {
  for (const home of ["pack", "unpack"]) rmSync(at(home), { recursive: true, force: true });
  expect((await command("pack", "models", "pull", "biomedclip", "sam-vit-b")).status).toBe(0);
  const packed = await command("pack", "models", "pack", "biomedclip", "sam-vit-b", "--out", at("models.tar"));
  expect(packed.status, packed.stderr).toBe(0);
  expect(packed.stdout).toMatch(/models\.tar: .*SHA-256 [0-9a-f]{64}$/m);

  const offline = { ...environment("unpack"), HF_HUB_OFFLINE: "1" };
  const refused = await runInProcess(["models", "pull", "sam-vit-b"], offline);
  expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining("HF_HUB_OFFLINE is set")]);
  const count = server.seen.length;
  const unpacked = await runInProcess(["models", "unpack", at("models.tar")], offline);
  expect(unpacked.status, unpacked.stderr).toBe(0);
  expect(unpacked.stdout).toMatch(/^sam-vit-b: \d+ files?, all hashes are right; .*unpack.hub/m);
  const verified = await runInProcess(["models", "verify", "sam-vit-b"], offline);
  expect([verified.status, verified.stdout]).toEqual([
    0,
    expect.stringMatching(/^OK: [\s\S]*note: the hash of the file is that at the first download/),
  ]);
  expect(server.seen).toHaveLength(count);

  const file = join(at("unpack", "hub"), "models--facebook--sam-vit-base", "snapshots", commit, "model.safetensors");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(bytes.at(-1)! ^ 1, bytes.length - 1));
  const changed = await runInProcess(["models", "verify", "sam-vit-b"], offline);
  expect([changed.status, changed.stdout]).toEqual([3, expect.stringContaining("has changed: its hash is")]);
});

test("a bundle that is damaged is refused with status 3", async () => {
  const bytes = readFileSync(at("models.tar"));
  writeFileSync(at("damaged.tar"), bytes.subarray(0, bytes.length / 2));
  const { status, stderr } = await command("damaged", "models", "unpack", at("damaged.tar"), "--into", at("models"));
  expect([status, stderr]).toEqual([3, expect.stringMatching(/is refused: .*Nothing was unpacked/)]);
  expect(existsSync(at("models"))).toBe(false);
});
