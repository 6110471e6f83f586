import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { writeTar } from "../../../test/support/tar.ts";
import { CancelledError, WeightsError } from "../../errors.ts";
import { tarMembers } from "../../files/tar.ts";
import { checkFiles } from "../check-files.ts";
import { locateModel } from "../locate.ts";
import { pinsOf } from "../pins.ts";
import { packBundle } from "./pack-bundle.ts";
import { unpackBundle } from "./unpack-bundle.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const weights = Buffer.alloc(300_001, "weights");
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const git = (bytes: Uint8Array | string) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const bundle = () => at("models.tar");
const home = (name: string) => vi.stubEnv("HF_HUB_CACHE", at(name));
const filesBelow = (path: string) => readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundle-"));
  vi.stubEnv("XDG_CACHE_HOME", at("cache"));
  // As another program has downloaded it: nothing is pinned, the links tell the hashes.
  const model = at("from", "models--facebook--sam-vit-base");
  for (const part of ["blobs", "refs", `snapshots/${commit}`]) mkdirSync(join(model, part), { recursive: true });
  writeFileSync(join(model, "refs", "main"), commit);
  const files = {
    "model.safetensors": [weights, sha256(weights)],
    "config.json": ["{}", git("{}")],
    "tf_model.h5": ["unused", git("unused")],
  } as const;
  for (const [name, [content, etag]] of Object.entries(files)) {
    writeFileSync(join(model, "blobs", etag), content);
    symlinkSync(join("..", "..", "blobs", etag), join(model, "snapshots", commit, name));
  }
  home("from");
  await packBundle(["sam-vit-b"], bundle());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The contents of the bundle by name. */
async function contents(): Promise<Record<string, Uint8Array>> {
  const bytes = readFileSync(bundle());
  const found: Record<string, Uint8Array> = {};
  for await (const { name, offset, length } of tarMembers(bundle())) found[name] = bytes.subarray(offset, offset + length);
  return found;
}

describe("a bundle", () => {
  test("holds the files that a model needs, and brings them into the cache of another machine", async () => {
    expect(Object.keys(await contents())).toEqual(["medclip-sam-models.json", "sam-vit-b/model.safetensors", "sam-vit-b/config.json"]);
    home("to");
    const [unpacked] = await unpackBundle(bundle());
    expect(unpacked!.place).toBe(at("to", "models--facebook--sam-vit-base", "snapshots", commit));
    const file = await locateModel("sam-vit-b", "sam");
    expect(readFileSync(file).equals(weights)).toBe(true);
    expect(await checkFiles(file)).toEqual({ problems: [], notes: ["the hashes of 2 files are those at the first download"] });
    expect((await pinsOf("facebook/sam-vit-base", "main"))?.files["config.json"]).toEqual({
      size: 2,
      sha256: sha256("{}"),
      etag: git("{}"),
    });
    expect(filesBelow(at("to")).filter(({ name }) => /tmp|incomplete/.test(name))).toEqual([]);
    await unpackBundle(bundle()); // once more changes nothing
  });

  test("is the same for the same models, and its hash is told", async () => {
    const first = readFileSync(bundle());
    const { sha256: told } = await packBundle(["sam-vit-b", "sam-vit-b"], bundle());
    expect(readFileSync(bundle()).equals(first)).toBe(true);
    expect(told).toBe(sha256(first));
  });

  test("can be unpacked into plain folders, whose files are checked later, too", async () => {
    await unpackBundle(bundle(), { into: at("models") });
    expect(readdirSync(at("models", "sam-vit-b")).sort()).toEqual(["config.json", "medclip-sam-model.json", "model.safetensors"]);
    const file = await locateModel(at("models", "sam-vit-b"), "sam");
    expect((await checkFiles(file)).notes).toEqual(["the hashes of 2 files are those in its bundle"]);
    writeFileSync(file, Buffer.from(weights).fill(0, 0, 1));
    expect((await checkFiles(file)).problems).toEqual([expect.stringContaining(`in its bundle it was ${sha256(weights)}`)]);
    await expect(unpackBundle(bundle(), { into: at("models") })).rejects.toThrow("is there with another content");
  });

  test("is not made of a damaged model, or of one that is not there", async () => {
    await expect(packBundle(["sam-vit-l"], at("x.tar"))).rejects.toThrow("Download it first with `medclip-sam models pull sam-vit-l`");
    writeFileSync(at("from", "models--facebook--sam-vit-base", "blobs", sha256(weights)), "short");
    await expect(packBundle(["sam-vit-b"], at("x.tar"))).rejects.toThrow(
      `is damaged: its hash is ${sha256("short")}, expected ${sha256(weights)}`,
    );
    expect((await checkFiles(await locateModel("sam-vit-b", "sam"))).problems).toEqual([
      expect.stringContaining("by which the cache names them"),
    ]);
    expect(readdirSync(folder)).not.toContain("x.tar");
  });
});

describe("is refused, and nothing is written:", () => {
  const refused = async (words: string | RegExp) => {
    home("to");
    await expect(unpackBundle(bundle())).rejects.toThrow(words);
    await expect(unpackBundle(bundle())).rejects.toThrow(WeightsError);
    mkdirSync(at("to"), { recursive: true });
    expect(readdirSync(at("to"))).toEqual([]);
  };
  const rewritten = async (change: (files: Record<string, Uint8Array | string>) => void) => {
    const files: Record<string, Uint8Array | string> = await contents();
    change(files);
    writeTar(bundle(), files);
  };
  interface Model extends Record<string, unknown> {
    readonly files: Record<string, object>;
  }
  const manifestWith = async (change: (model: Model, files: Record<string, Uint8Array | string>, models: Model[]) => void) =>
    await rewritten((files) => {
      const manifest = JSON.parse(Buffer.from(files["medclip-sam-models.json"]!).toString());
      change(manifest.models[0], files, manifest.models);
      files["medclip-sam-models.json"] = JSON.stringify(manifest);
    });
  /** As a manifest lists a file with the content "[]". */
  const other = { size: 2, sha256: sha256("[]"), etag: git("[]") };

  test("a bundle that is cut short", async () => {
    truncateSync(bundle(), 100_000);
    await refused(/is refused: the archive ends inside sam-vit-b\/model.safetensors/);
  });

  test("a bundle cut between two files", async () => {
    await rewritten((files) => delete files["sam-vit-b/config.json"]);
    await refused('it holds nothing more where its list has "sam-vit-b/config.json"');
  });

  test("other bytes", async () => {
    await rewritten((files) => {
      files["sam-vit-b/config.json"] = "[]";
    });
    await refused(`"sam-vit-b/config.json" is damaged, its hash is ${sha256("[]")}, its list says ${sha256("{}")}`);
  });

  test("another size", async () => {
    await rewritten((files) => {
      files["sam-vit-b/config.json"] = "{ }";
    });
    await refused('"sam-vit-b/config.json" has 3 bytes, its list says 2');
  });

  test("a file that is not in the list", async () => {
    await rewritten((files) => {
      files["sam-vit-b/more.bin"] = "x";
    });
    await refused('it holds "sam-vit-b/more.bin" where its list has nothing more');
  });

  test.each([
    ["a link", "2"],
    ["a hard link", "1"],
    ["a folder", "5"],
  ])("%s that is not in the list", async (_, kind) => {
    writeTar(bundle(), { ...(await contents()), "sam-vit-b/more": "" }, { "sam-vit-b/more": kind });
    await refused('it holds "sam-vit-b/more", which is a folder, a link or a device and not in its list');
  });

  test.each([[["zz", "zz/b"]], [["zz/b/c", "zz-a", "zz/b"]], [["medclip-sam-model.json"]], [["medclip-sam-model.json/a"]]])(
    "the paths %j",
    async (paths) => {
      await manifestWith((model, files) => {
        for (const path of paths) {
          model.files[path] = model.files["config.json"]!;
          files[`sam-vit-b/${path}`] = "{}";
        }
      });
      await refused("a path that is a file and a folder, or medclip-sam-model.json");
    },
  );

  test("a model without weights, or without any file", async () => {
    await manifestWith((model, files) => {
      delete model.files["model.safetensors"];
      delete files["sam-vit-b/model.safetensors"];
    });
    await refused("a model without weights");
    await manifestWith((model, files) => {
      delete model.files["config.json"];
      delete files["sam-vit-b/config.json"];
    });
    await refused("a model without weights");
  });

  test("two models of one commit that differ", async () => {
    await manifestWith((model, files, models) => {
      models.push({ ...model, folder: "other", files: { ...model.files, "config.json": other } });
      Object.assign(files, { "other/model.safetensors": weights, "other/config.json": "[]" });
    });
    await refused("one commit with different files");
  });

  test("a hash that is not that of the content", async () => {
    await manifestWith(({ files }) => Object.assign(files["config.json"]!, { etag: "0".repeat(40) }));
    await refused(`its hash is ${git("{}")}, its list says ${"0".repeat(40)}`);
  });

  test.each(["../../outside", "/outside", "a/../../outside", ".hidden", "a\\b", ""])("the path %j", async (path) => {
    await manifestWith((model) => {
      model.files[path] = model.files["config.json"]!;
    });
    await refused("not the path of a file in a repository");
  });

  test.each([
    ["repository", "../x/y"],
    ["repository", "a/.."],
    ["folder", ".."],
    ["folder", "a/b"],
    ["commit", "main"],
    ["revision", "../x"],
  ])("the %s %j", async (key, value) => {
    await manifestWith((model) => Object.assign(model, { [key]: value }));
    await refused(/is not that of a bundle this version can read/);
  });

  test("files that are no bundle", async () => {
    writeTar(bundle(), { "README.md": "x" });
    await refused("it does not begin with medclip-sam-models.json");
    writeFileSync(bundle(), "not an archive".repeat(100));
    await refused("it is not a tar archive");
    await rm(bundle());
    await refused("there is no such file");
  });

  test("a model that differs from the one that was downloaded before", async () => {
    home("before");
    await unpackBundle(bundle());
    await manifestWith((model, files) => {
      model.files["config.json"] = other;
      files["sam-vit-b/config.json"] = "[]";
    });
    await refused(`its hash is ${git("[]")}, it was ${git("{}")} at the first download`);
    await unpackBundle(bundle(), { acceptChanged: true });
    await unpackBundle(bundle());
  });

  test("a model that has more files than the one that was downloaded before", async () => {
    home("before");
    await unpackBundle(bundle());
    await manifestWith((model, files) => {
      model.files["preprocessor_config.json"] = other;
      files["sam-vit-b/preprocessor_config.json"] = "[]";
    });
    await refused(/made of other files than at the first download .*new: "preprocessor_config.json".*models unpack .*--accept-changed/);
    await unpackBundle(bundle(), { acceptChanged: true });
    await unpackBundle(bundle());
  });
});

test("cancelling leaves nothing", async () => {
  home("to");
  await expect(unpackBundle(bundle(), { signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
  await expect(packBundle(["sam-vit-b"], at("x.tar"), { signal: AbortSignal.abort() })).rejects.toThrow();
  mkdirSync(at("to"), { recursive: true });
  expect([readdirSync(at("to")), readdirSync(folder).includes("x.tar")]).toEqual([[], false]);
});
