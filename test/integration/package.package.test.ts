import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dicomBytes } from "../support/dicom.ts";

// The package as users get it: built and packed from a copy of the sources, and installed in an empty folder.

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
let folder: string;
let packed: Packed;
const source = (...parts: string[]) => join(folder, "source", ...parts);
const user = (...parts: string[]) => join(folder, "user", ...parts);

/** Output of `npm pack --json` for a tarball; sizes in bytes. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-package-"));
  const left = new Set(["node_modules", ".git", ".tmp", "dist"]);
  for (const name of await readdir(root)) if (!left.has(name)) await cp(join(root, name), source(name), { recursive: true });
  await symlink(join(root, "node_modules"), source("node_modules"));
  await mkdir(source(".tmp"));
  await writeFile(source(".tmp", "note.txt"), "not to be packed");
  await run(process.execPath, ["node_modules/tsdown/dist/run.mjs"], { cwd: source() });
  [packed] = JSON.parse((await run("npm", ["pack", "--json"], { cwd: source() })).stdout) as [Packed];
});
afterAll(() => rm(folder, { recursive: true }));

describe("the tarball", () => {
  const paths = () => packed.files.map(({ path }) => path);
  // Statements only: messages, too, may have quoted words after "from".
  const named = /^(?:(?:import|export)\b[^";]*?\bfrom|import)\s*"([^"\s]+)"|(?:\bimport|new URL)\(\s*"([^"\s]+)"/gm;
  const namesIn = async (path: string) =>
    [...(await readFile(source(path), "utf8")).matchAll(named)].map(([, statement, call]) => (statement ?? call)!);
  const isRelative = (name: string) => name.startsWith(".");

  test("contains only the build, the packs, the scans of the demo, the prompt sets, the README with its picture, the licence and the changelog", async () => {
    const isScan = (path: string) =>
      /^packs\/starter\/demo\/(images\/[a-z-]+\.jpg|masks\/[a-z-]+\.png|demo\.json|ATTRIBUTION\.md)$/.test(path);
    const others = paths().filter((path) => !/^dist\/.+\.(js|d\.ts)$/.test(path) && !isScan(path));
    const pack = ["README.md", "clip/open_clip_config.json", "clip/open_clip_model.safetensors", "clip/vocab.txt", "pack.json"];
    const packs = ["phantom", "starter"].flatMap((name) => [...pack, "sam/model.safetensors"].map((path) => `packs/${name}/${path}`));
    const failures = "packs/starter/failures.webp"; // of the model card
    const sets = ["brain-mri", "breast-ultrasound", "chest-ct", "chest-xray"].map((task) => `prompt-sets/${task}.json`);
    const expected = ["CHANGELOG.md", "LICENSE", "README.md", "docs/images/demo.webp", "package.json", ...packs, failures, ...sets];
    expect(others.sort()).toEqual(expected.sort());
    const pictures = (await readFile(source("README.md"), "utf8")).matchAll(/!\[[^\]]*\]\(([^)]+)\)/g);
    for (const [, picture] of pictures) expect(paths()).toContain(picture);
  });

  test("contains exactly the build files that the entry points need", async () => {
    const { exports, bin } = JSON.parse(await readFile(source("package.json"), "utf8"));
    // The programs of threads and child processes are found by their paths.
    const programs = ["data", "dicom/codecs", "jobs", "train/supervised"].map((folder) => `dist/${folder}/worker.js`);
    const entries = [...JSON.stringify([exports, bin]).match(/dist\/[^"]+/g)!, ...programs];
    const reached = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const name of (await namesIn(path)).filter(isRelative)) {
        const next = posix.join(dirname(path), name);
        await visit(path.endsWith(".d.ts") ? next.replace(/\.js$/, ".d.ts") : next);
      }
    };
    for (const entry of entries) await visit(entry);
    expect([...reached].sort()).toEqual(
      paths()
        .filter((path) => path.startsWith("dist/"))
        .sort(),
    );
  });

  test("imports only Node's modules and its own dependencies", async () => {
    const { dependencies, peerDependencies } = JSON.parse(await readFile(source("package.json"), "utf8"));
    const allowed = Object.keys({ ...dependencies, ...peerDependencies });
    for (const path of paths().filter((one) => one.startsWith("dist/")))
      for (const name of await namesIn(path)) {
        const isKnown = isRelative(name) || name.startsWith("node:") || allowed.some((own) => name === own || name.startsWith(`${own}/`));
        expect(isKnown, `${path} imports "${name}"`).toBe(true);
      }
  });

  test("is as small as docs/start/install.md says", () => {
    expect(packed.size).toBeLessThan(17_000_000);
    expect(packed.unpackedSize).toBeLessThan(22_000_000);
  });
});

/** A frame of 12-bit gray, compressed without loss. @param size - rows and columns */
async function jpegLs(values: Uint16Array<ArrayBuffer>, [height, width]: readonly [number, number]): Promise<Uint8Array> {
  const { NativeCodecs, Context } = (await import("dcmjs-codecs")).default;
  await NativeCodecs.initializeAsync();
  const context = new Context({
    ...{ width, height, bitsAllocated: 16, bitsStored: 12, samplesPerPixel: 1, pixelRepresentation: 0, planarConfiguration: 0 },
    photometricInterpretation: "MONOCHROME2",
    decodedBuffer: new Uint8Array(values.buffer),
  });
  return NativeCodecs.encodeJpegLs(context, { lossy: false }).getEncodedBuffer()!.slice();
}

/** A DICOM file of one such frame. */
function compressedFile(frame: Uint8Array, [Rows, Columns]: readonly [number, number]): Uint8Array {
  const bits = { BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelRepresentation: 0, SamplesPerPixel: 1 };
  const values = {
    SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
    Modality: "CT",
    PhotometricInterpretation: "MONOCHROME2",
    Rows,
    Columns,
    ...bits,
  };
  return dicomBytes(values, { syntax: "1.2.840.10008.1.2.4.80", fragments: [frame] });
}

/** npm's message when it cannot reach its registry; any other error is a failure. */
const offline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/;

describe("installed in an empty folder", () => {
  let unreachable: string | undefined;

  beforeAll(async () => {
    await mkdir(user());
    await writeFile(user("package.json"), JSON.stringify({ private: true, type: "module" }));
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0"];
    await run("npm", ["install", ...options, source(packed.filename)], { cwd: user() }).catch((error: Error & { stderr: string }) => {
      unreachable = offline.exec(error.stderr)?.[0];
      if (unreachable === undefined) throw error;
    });
  });
  beforeEach(({ skip }) => skip(unreachable !== undefined, `npm cannot reach its registry (${unreachable})`));

  const medclipSam = (...args: string[]) => run("npx", ["--no-install", "medclip-sam", ...args], { cwd: user() });

  test("the command prints its version and its help", async () => {
    const { version } = JSON.parse(await readFile(source("package.json"), "utf8"));
    expect((await medclipSam("--version")).stdout.trim()).toBe(version);
    expect((await medclipSam("--help")).stdout).toContain("Usage: medclip-sam");
  });

  test("the demo runs the full pipeline on the pack and prints its notice", async () => {
    const { stdout } = await medclipSam("demo", "--out", "demo");
    expect(stdout).toContain("starter pack");
    for (const path of ["masks/chest-xray-lungs.png", "overlay/chest-xray-left-lung.png", "run.json", "index.html"])
      expect((await stat(user("demo", path))).size).toBeGreaterThan(100);
  });

  test("an image is segmented without naming a model", async () => {
    const { stderr } = await medclipSam("segment", "demo/input/chest-xray-lungs.jpg", "--prompt", "the lungs", "--out", "own");
    expect(stderr).toContain("starter pack");
    const [run, demo] = await Promise.all(["own", "demo"].map(async (out) => JSON.parse(await readFile(user(out, "run.json"), "utf8"))));
    const { boxes } = demo.images.find(({ name }: { name: string }) => name === "chest-xray-lungs");
    expect(run.images[0].boxes).toEqual(boxes);
  });

  test("compressed DICOM files are decoded in the thread of the codecs, also after a damaged one", async () => {
    const values = Uint16Array.from({ length: 48 * 40 }, (_, i) => (i * 37 + (i % 48) * 11) % 4096);
    const whole = await jpegLs(values, [40, 48]);
    const damaged = whole.map((byte, i) => (i > 30 && i < whole.length - 2 ? (byte * 7 + i) & 0x7f : byte));
    for (const [name, frame] of Object.entries({ damaged, whole })) await writeFile(user(`${name}.dcm`), compressedFile(frame, [40, 48]));
    await writeFile(
      user("decode.js"),
      `import { openScans } from "medclip-sam";
      const found = {};
      for (const name of ["damaged", "whole"]) {
        const { scans: [scan] } = await openScans([name + ".dcm"]);
        found[name] = await scan.read(0).then(({ pixels }) => [...pixels.data], (error) => error.message);
      }
      console.log(JSON.stringify(found));`,
    );
    const found = JSON.parse((await run(process.execPath, ["decode.js"], { cwd: user() })).stdout);
    expect(found.damaged).not.toEqual([...values]);
    expect(found.whole).toEqual([...values]);
  });

  const program = `
    import { dsc, type Mask } from "medclip-sam";
    import { add, compile, scalar, type Value } from "medclip-sam/graph";
    import { unitLength } from "medclip-sam/nn";

    const mask: Mask = { width: 2, height: 1, data: Uint8Array.of(1, 0) };
    const two: Value = add(scalar(1), scalar(1));
    const session = await compile({ two });
    const { two: found } = await session.run({});
    await session.dispose();
    console.log(JSON.stringify([dsc(mask, mask), Number(found?.data[0]), typeof unitLength]));`;
  const compiled = async (...options: string[]) => {
    await writeFile(user("program.ts"), program);
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2023", "--lib", "es2023,dom"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [tsc, "program.ts", "--ignoreConfig", ...strict, ...options], { cwd: user() }).catch(
      (error: { stdout: string }) => error,
    );
    return stdout;
  };

  test("a TypeScript program finds the types and runs", async () => {
    expect(await compiled("--module", "nodenext")).toBe("");
    expect(JSON.parse((await run(process.execPath, ["program.js"], { cwd: user() })).stdout)).toEqual([1, 2, "function"]);
  });

  test("a bundler finds the types", async () => {
    expect(await compiled("--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck", "--noEmit")).toBe("");
  });

  test("publint reports nothing", async () => {
    const { messages } = await publint({ pkgDir: user("node_modules/medclip-sam"), pack: false });
    expect(messages).toEqual([]);
  });
});
