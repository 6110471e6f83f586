import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobCommands } from "../../src/cli/commands.ts";
import { writeMask } from "../../src/results/png.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { saliencyMethods } from "../../src/saliency/index.ts";
import { builtCommand, mainFile } from "../support/build.ts";
import { runCommand, runInShell } from "../support/command.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { decodeMask, drawn } from "../support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../support/shared-data.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-cli-"));
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  await builtCommand();
  await writeMask(at("truth", "a.png"), drawn("##..", "##.."));
  await writeMask(at("truth", "b.png"), drawn("##..", "##.."));
  await writeMask(at("pred", "a.png"), drawn("##..", "##.."));
  await writeMask(at("pred", "b.png"), drawn(".##.", ".##."));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All modules that are loaded with a built file before its first line runs. */
function staticImports(file: string): { packages: string[]; files: string[] } {
  const packages = new Set<string>();
  const files = new Set<string>();
  const visit = (one: string): void => {
    if (files.has(one)) return;
    files.add(one);
    for (const [, name] of readFileSync(one, "utf8").matchAll(/^(?:import|export)\b[^;(]*?"([^"]+)";$/gm)) {
      if (name!.startsWith(".")) visit(join(dirname(one), name!));
      else if (!name!.startsWith("node:")) packages.add(name!);
    }
  };
  visit(file);
  return { packages: [...packages].sort(), files: [...files] };
}

const evaluation = () => ["evaluate", "--pred", at("pred"), "--truth", at("truth")];

describe("help and version", () => {
  test("the help names every command", async () => {
    const { status, stdout } = await runCommand(["--help"]);
    expect(status).toBe(0);
    for (const { job } of jobCommands) expect(stdout).toMatch(new RegExp(`^  ${job.split(" ")[0]} `, "m"));
    expect(stdout).toMatch(/^ {2}doctor /m);
  });

  test("the first file checks only the version of Node, in syntax that Node 14 reads", () => {
    expect(staticImports(mainFile).packages).toEqual([]);
    expect(staticImports(mainFile).files.length).toBeLessThanOrEqual(2);
    const text = staticImports(mainFile)
      .files.map((file) => readFileSync(file, "utf8"))
      .join("");
    // Newer than Node 14: private methods, logical assignment, `at`, top-level await.
    expect(text).not.toMatch(/\?\?=|\|\|=|&&=|\.at\(|^await |#[a-z]+\(|toSorted|hasOwn/m);
  });

  test("the help loads one small package; settings and zod are loaded only by a command that needs them", () => {
    const { packages, files } = staticImports(join(dirname(mainFile), "program.js"));
    expect(packages).toEqual(["commander"]);
    expect(files.length).toBeLessThanOrEqual(5);
  });

  test("a command's help lists its settings with defaults and choices", async () => {
    const { status, stdout } = await runInProcess(["segment", "--help"]);
    expect(status).toBe(0);
    for (const flag of ["--prompt <TEXT>", "--visual-prompt <box|points|both>", "--config <FILE>", "--events", "--quiet"])
      expect(stdout).toContain(flag);
    expect(stdout).toMatch(/--beta <N> +[^\n]*\(default: 0\.1\)/);
    expect(stdout).toContain(`--saliency-method <${Object.keys(saliencyMethods).join("|")}>`);
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect((await runCommand(["--version"])).stdout.trim()).toBe(version);
  });
});

describe("exit status", () => {
  test("0: all done; the table goes to standard output, progress to standard error", async () => {
    const { status, stdout, stderr } = await runCommand(evaluation());
    expect(status).toBe(0);
    expect(stdout).toMatch(/^DSC +0\.7500/m);
    expect(stderr).toContain("[2/2] b");
    expect(stderr).toContain("2 done in");
  });

  test("1: some inputs failed, the others are done", async () => {
    await writeMask(at("damaged", "a.png"), drawn("##..", "##.."));
    writeFileSync(at("damaged", "b.png"), "no picture");
    const { status, stdout, stderr } = await runCommand([
      "evaluate",
      "--pred",
      at("damaged"),
      "--truth",
      at("truth"),
      "--json",
      at("damaged.json"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/failed: b: .* is not a PNG/);
    expect(stdout).toContain("1 image without a prediction, counted as 0: b");
    expect(JSON.parse(readFileSync(at("damaged.json"), "utf8")).images).toHaveLength(2);
  });

  test("1: nothing to compare with", async () => {
    mkdirSync(at("empty"), { recursive: true });
    const { status, stderr } = await runInProcess(["evaluate", "--pred", at("pred"), "--truth", at("empty")]);
    expect(status).toBe(1);
    expect(stderr).toContain("contains no masks");
  });

  test.each<[string, () => string[], RegExp]>([
    ["no command", () => [], /Usage: medclip-sam/],
    ["a mistyped command", () => ["evalute"], /unknown command 'evalute'\n\(Did you mean evaluate\?\)/],
    ["a mistyped flag", () => ["evaluate", "--perd", "x"], /unknown option '--perd'\n\(Did you mean --pred\?\)/],
    ["a flag without its value", () => ["evaluate", "--pred"], /argument missing/],
    ["a missing setting", () => ["evaluate", "--pred", at("pred")], /--truth is missing: folder with ground truth masks/],
    ["a path that is not there", () => ["evaluate", "--pred", at("none"), "--truth", at("truth")], /--pred: ".*none" does not exist/],
    ["a value out of range", () => [...evaluation(), "--tolerance", "-1"], /--tolerance: expected a number of at least 0, got "-1"/],
    ["a value that is no choice", () => [...evaluation(), "--mode", "papr"], /--mode: expected one of paper, reference, got "papr"/],
    ["too many arguments", () => [...evaluation(), "more"], /too many arguments/],
    [
      "two kinds of prompt",
      () => ["segment", at("pred"), "--out", at("o"), "--prompt", "x", "--prompts", at("truth", "a.png")],
      /in one way only: --prompt/,
    ],
    ["no input", () => ["segment", "--out", at("o"), "--prompt", "x"], /an image or folder is missing/],
    ["an unknown model to make", () => ["models", "init", "biomedclop", "--out", at("o")], /unknown model "biomedclop"/],
  ])("2: %s", async (_, args, message) => {
    const { status, stdout, stderr } = await runInProcess(args());
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });

  test("3: no weights", async () => {
    for (const [kind, ...model] of [
      ["SAM", "--sam", "nowhere"],
      ["CLIP", "--clip", "nowhere", "--sam", "nowhere"],
    ]) {
      const { status, stderr } = await runInProcess(["segment", at("pred"), "--prompt", "x", "--out", at("o"), ...model]);
      expect(status).toBe(3);
      expect(stderr).toMatch(new RegExp(`^error: "nowhere" is neither .* known ${kind} model`, "m"));
    }
  });
});

describe("output for programs", () => {
  test("--events prints one JSON object a line and nothing else", async () => {
    const { status, stdout, stderr } = await runCommand([...evaluation(), "--events"]);
    expect(status).toBe(0);
    expect(stderr).toBe("");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as RunEvent);
    expect(events.map(({ type }) => type)).toEqual(["start", "item", "item", "end"]);
    expect(events.at(-1)).toMatchObject({ done: 2, failed: 0 });
  });

  test("an error that ends the run is the last line", async () => {
    const { status, stdout } = await runCommand([
      "segment",
      at("pred"),
      "--prompt",
      "x",
      "--clip",
      "nowhere",
      "--out",
      at("o"),
      "--events",
    ]);
    expect(status).toBe(3);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1)!)).toMatchObject({ type: "error", code: "weights" });
  });

  test("--quiet prints results only", async () => {
    const { stdout, stderr } = await runInProcess([...evaluation(), "--quiet"]);
    expect(stdout).toContain("DSC");
    expect(stderr).toBe("");
  });

  test("a settings file replaces flags, and flags override it", async () => {
    writeFileSync(at("c.yaml"), `pred: ${at("pred")}\ntruth: ${at("truth")}\ntolerance: 3\njson: ${at("file.json")}\n`);
    expect((await runInProcess(["evaluate", "--config", at("c.yaml"), "--tolerance", "1"])).status).toBe(0);
    expect(JSON.parse(readFileSync(at("file.json"), "utf8")).settings).toMatchObject({ tolerance: 1, seed: 42 });
    writeFileSync(at("c.yaml"), "tolerence: 3\n");
    const { status, stderr } = await runInProcess(["evaluate", "--config", at("c.yaml")]);
    expect(status).toBe(2);
    expect(stderr).toContain('unknown setting "tolerence"; did you mean "tolerance"?');
  });
});

/** Devices and descriptors by these names are Linux's. */
describe.runIf(process.platform === "linux")("standard output and results in streams", () => {
  test.each<[string, string[]]>([
    ["evaluate", []],
    ["evaluate", ["--events"]],
    ["models", ["list"]],
  ])("1: %s %s on a full disk says that the output is lost", (name, more) => {
    const args = name === "evaluate" ? [...evaluation(), ...more] : [name, ...more];
    const { status, stderr } = runInShell('"$@" > /dev/full', args);
    expect(stderr).toMatch(/^error: standard output cannot be written: the disk is full. Free some space \(ENOSPC\)\.$/m);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(status).toBe(1);
  });

  test("a result goes to standard output and to what the shell makes of >(command)", () => {
    for (const line of ['"$@" --json /dev/stdout | cat', '"$@" --json >(cat) > /dev/null | cat']) {
      const { stdout, stderr } = runInShell(line, [...evaluation(), "--quiet"]);
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^\{\n "images": \[/);
    }
  });

  test("2: a result among the events of standard output is refused; in a file it is not", () => {
    for (const path of ["/dev/stdout", "/dev/fd/1"]) {
      const { status, stderr, stdout } = runInShell(`"$@" --csv ${path} | cat`, [...evaluation(), "--events"]);
      expect(stderr).toContain(`--events prints to standard output, and --csv "${path}" would be mixed with it. Name a file.`);
      expect([status, stdout]).toEqual([0, ""]); // of cat
    }
    expect(runInShell(`"$@" --csv ${at("scores.csv")} | cat`, [...evaluation(), "--events"]).stderr).toBe("");
  });

  test("2: a result in the file of standard output, or in a descriptor that is not open, is refused", () => {
    const refused = runInShell(`"$@" --json /dev/stdout > ${at("both.txt")}`, evaluation());
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('"/dev/stdout" is a regular file here') });
    expect(runInShell('"$@" --csv /dev/fd/77', evaluation())).toMatchObject({ status: 2, stderr: expect.stringContaining("is not open") });
  });
});

describe("the pipeline of segment", () => {
  test("step by step or at once, with a repeated prompt", async () => {
    const { clip, sam } = await nanoModels();
    await writeDisc(at("scans", "a.png"), 1);
    const quick = ["--clip", clip, "--steps", "2", "--samples", "2"];
    const prompt = ["--prompt", "dark lesion", "--prompt", "lesion"];
    const steps = [
      ["segment", at("scans"), ...prompt, ...quick, "--sam", sam, "--out", at("once")],
      ["saliency", at("scans"), ...prompt, ...quick, "--out", at("steps")],
      ["coarse", at("steps"), "--out", at("steps")],
      ["refine", at("scans"), "--coarse", at("steps"), "--sam", sam, "--out", at("steps")],
      ["embed", at("scans"), "--text", "dark lesion", "--text", "lesion", "--clip", clip, "--out", at("features.safetensors")],
    ];
    for (const [i, args] of steps.entries()) {
      // The first as users start it: the others then show that a process of its own changes nothing.
      const { status, stderr } = await (i === 0 ? runCommand : runInProcess)(args);
      expect(status, `${args.join(" ")}\n${stderr}`).toBe(0);
    }
    for (const picture of ["saliency", "coarse", "masks"]) {
      expect(readFileSync(at("steps", picture, "a.png")).equals(readFileSync(at("once", picture, "a.png")))).toBe(true);
    }
    expect(existsSync(at("once", "overlay", "a.png"))).toBe(true);
    expect(existsSync(at("features.safetensors"))).toBe(true);
    const again = await runInProcess(steps[0]!);
    expect(again.stderr).toContain("1 of 1 already finished");
  });
});

describeWith(["parity/evaluate/pairs.json"], "evaluation of the reference pairs", () => {
  interface Pair {
    name: string;
    truth: string;
    prediction: string;
    released: { outcome: "aborts" } | { outcome: "ok"; dsc: number; nsd: number };
    metrics: {
      gt_pixels: number;
      pred_pixels: number;
      dsc: number | null;
      iou: number | null;
      nsd_reference: number | null;
      contour_px: { nsd: number | null; hd95: number | "inf" | null; assd: number | "inf" | null };
      contour_mm: { nsd: number | null };
    };
  }
  const { pairs } = sharedJson<{ pairs: Pair[] }>("parity/evaluate/pairs.json");

  beforeAll(() => {
    for (const name of ["pairs-truth", "pairs-pred"]) mkdirSync(at(name), { recursive: true });
    for (const { name, truth, prediction } of pairs) {
      const file = truth.startsWith("truth/") ? sharedPath("parity/evaluate", truth) : sharedPath("data", truth);
      copyFileSync(file, at("pairs-truth", name + extname(file)));
      copyFileSync(sharedPath("parity/evaluate", prediction), at("pairs-pred", name + extname(prediction)));
    }
  });

  async function scores(...flags: string[]): Promise<Record<string, Record<string, number | boolean | null>>> {
    const args = ["evaluate", "--pred", at("pairs-pred"), "--truth", at("pairs-truth"), "--json", at("pairs.json"), "--quiet", ...flags];
    expect((await runInProcess(args)).status).toBe(0);
    const { images } = JSON.parse(readFileSync(at("pairs.json"), "utf8"));
    expect(images).toHaveLength(pairs.length);
    return Object.fromEntries(images.map((image: { name: string }) => [image.name, image]));
  }

  /** Null stays null; infinite distances are null, too. */
  const near = (actual: unknown, expected: number | "inf" | null, what: string) => {
    if (typeof expected === "number") expect(actual, what).toBeCloseTo(expected, 9);
    else expect(actual, what).toBeNull();
  };

  /**
   * The expected scores of a pair under the mask rule. The cases count values above 127, so a mask of smaller values is empty there; by
   * the rule its larger value is foreground, so it scores like the pair with the same shape in larger values.
   */
  async function metricsOf(pair: Pair): Promise<Pair["metrics"]> {
    const shapeOf = async ({ prediction }: Pair) => Buffer.from((await decodeMask(sharedPath("parity/evaluate", prediction))).data);
    const shape = await shapeOf(pair);
    if (pair.metrics.pred_pixels > 0 || !shape.includes(1)) return pair.metrics;
    for (const other of pairs) {
      if (other.truth === pair.truth && other.metrics.pred_pixels > 0 && shape.equals(await shapeOf(other))) return other.metrics;
    }
    throw new Error(`no pair has the shape of ${pair.name} in values above 127`);
  }

  test("paper mode scores the foreground of the mask rule", async () => {
    const found = await scores();
    for (const pair of pairs) {
      const { name } = pair;
      const [image, metrics] = [found[name]!, await metricsOf(pair)];
      expect([image.truthPx, image.predPx, image.missing]).toEqual([metrics.gt_pixels, metrics.pred_pixels, false]);
      // Undefined in the cases where both are empty; here two empty masks agree.
      near(image.dsc, metrics.dsc ?? 1, `${name} dsc`);
      near(image.iou, metrics.iou ?? 1, `${name} iou`);
      near(image.nsd, metrics.nsd_reference ?? 1, `${name} nsd`);
      near(image.surfaceNsd, metrics.contour_px.nsd ?? 1, `${name} surface nsd`);
      near(image.hd95, metrics.contour_px.hd95, `${name} hd95`);
      near(image.assd, metrics.contour_px.assd, `${name} assd`);
    }
  });

  test("spacing gives the surface NSD in millimetres and does not change the published form", async () => {
    const found = await scores("--spacing", "0.5,1.25");
    for (const pair of pairs) {
      const metrics = await metricsOf(pair);
      near(found[pair.name]!.surfaceNsd, metrics.contour_mm.nsd ?? 1, pair.name);
      near(found[pair.name]!.nsd, metrics.nsd_reference ?? 1, pair.name);
    }
  });

  test("reference mode gives the released scores with foreground above 200, and names the pairs on which the released tool aborts", async () => {
    const found = await scores("--mode", "reference");
    for (const { name, released } of pairs) {
      expect(found[name]!.aborts, name).toBe(released.outcome === "aborts");
      if (released.outcome === "aborts") continue;
      near(found[name]!.dsc as number, released.dsc, name);
      near(found[name]!.nsd as number, released.nsd, name);
    }
  });
});
