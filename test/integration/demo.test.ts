import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runDemoWithPage } from "../../src/jobs/demo-page.ts";
import { dsc } from "../../src/metrics/index.ts";
import { writeMask } from "../../src/results/png.ts";
import { readMask } from "../../src/scans/read-mask.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { drawn } from "../support/pictures.ts";
import { collect, nanoModels, warningsOf, writeDisc } from "../support/tiny-run.ts";

// The demo on a pack that brings its own scans, here of discs, with random models.

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-demo-"));
const pack = join(folder, "pack");
const at = (...parts: string[]) => join(folder, ...parts);
const inDemo = (...parts: string[]) => join(pack, "demo", ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const scan = { title: "A disc", image: "images/disc.png", mask: "masks/disc.png", prompt: "the bright disc" };
const scans = [
  { ...scan, name: "disc", credit: "drawn here" },
  { ...scan, name: "dark-disc", title: "A <dark> disc", prompt: "a dark lesion" },
  // No word of the vocabulary: the mask is empty.
  { ...scan, name: "absent", title: "Nothing", mask: null, prompt: "quixotry" },
];

beforeAll(async () => {
  const models = await nanoModels();
  cpSync(models.clip, join(pack, "clip"), { recursive: true });
  cpSync(models.sam, join(pack, "sam"), { recursive: true });
  const defaults = { layer: 3, steps: 1, samples: 1 };
  writeFileSync(join(pack, "pack.json"), JSON.stringify({ name: "discs", notice: "Discs only.", clip: "clip", sam: "sam", defaults }));
});

beforeEach(async () => {
  rmSync(inDemo(), { recursive: true, force: true });
  await writeDisc(inDemo("images", "disc.png"), 1, 8, 6);
  await writeMask(inDemo("masks", "disc.png"), drawn("........", "..####..", ".######.", ".######.", "..####..", "........"));
  list(scans);
});

const list = (rows: unknown) => writeFileSync(inDemo("demo.json"), typeof rows === "string" ? rows : JSON.stringify(rows));
const demo = (out: string) => collect(runDemoWithPage({ out: at(out), seed: 1, pack }, {}));

test("the scans of a pack are segmented as they are, and their masks compared with the ground truth", async () => {
  writeFileSync(inDemo("ATTRIBUTION.md"), "Drawn for this test.\n");
  const events = await demo("out");
  const { scans: results, ...about } = JSON.parse(readFileSync(at("out", "demo.json"), "utf8"));
  expect(about).toMatchObject({ pack: "discs", notices: ["Discs only."], attribution: "ATTRIBUTION.md" });
  expect(readFileSync(at("out", "ATTRIBUTION.md"), "utf8")).toBe("Drawn for this test.\n");
  expect(results).toMatchObject(scans.map(({ name, title, prompt }) => ({ name, title, prompt })));
  for (const { name, image, dsc: score, truthAreaPx } of results) {
    expect(readFileSync(at("out", image)).equals(readFileSync(inDemo("images", "disc.png")))).toBe(true);
    const [mask, truth] = await Promise.all(["masks", "truth"].map((kind) => readMask(at("out", kind, `${name}.png`))));
    expect(score).toBe(dsc(mask!.mask, truth!.mask));
    expect(truthAreaPx).toBe(name === "absent" ? 0 : 20);
  }
  const end = events.at(-1)!;
  const lines = end.type === "end" ? end.lines! : [];
  expect(end).toMatchObject({ type: "end", done: 3, failed: 0 });
  expect(lines[1]).toMatch(new RegExp(`^disc +"the bright disc" +${results[0].dsc.toFixed(2)}$`));
  expect(lines[3]).toMatch(/^absent +"quixotry" +no mask \(correct\)$/);
  expect(lines).toContain("Discs only.");
  expect(lines.at(-1)).toContain(at("out", "index.html"));
  expect(warningsOf(events)).toContain("Discs only.");
});

test("the page shows every scan with pictures that exist, described in words, and needs nothing from elsewhere", async () => {
  await demo("page");
  const html = readFileSync(at("page", "index.html"), "utf8");
  const { document } = parseHTML(html);
  const pictures = [...document.querySelectorAll("img")];
  expect(pictures).toHaveLength(9);
  for (const picture of pictures) {
    expect(existsSync(at("page", picture.getAttribute("src")!))).toBe(true);
    expect(picture.getAttribute("alt")).toMatch(/\w/);
  }
  expect([...document.querySelectorAll("h2")].map(({ textContent }) => textContent)).toEqual([
    ...["A disc: “the bright disc”", "A <dark> disc: “a dark lesion”", "Nothing: “quixotry”"],
  ]);
  const text = document.body.textContent!;
  for (const part of ["not a medical device", "Discs only.", "no mask (correct)", "drawn here"]) expect(text).toContain(part);
  expect(html).not.toMatch(/<script|<link|@import|url\(|https?:/);
});

test("a second demo in the same folder, which finds the masks made, has the same results", async () => {
  await demo("again");
  const first = readFileSync(at("again", "demo.json"), "utf8");
  await demo("again");
  expect(readFileSync(at("again", "demo.json"), "utf8")).toBe(first);
});

test("a pack without scans gets synthetic ones, and the page", async () => {
  rmSync(inDemo(), { recursive: true });
  const events = await demo("synthetic");
  const { scans: results, attribution } = JSON.parse(readFileSync(at("synthetic", "demo.json"), "utf8"));
  expect(attribution).toBeUndefined();
  expect(results).toHaveLength(6);
  for (const { truthAreaPx } of results) expect(truthAreaPx).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ type: "end", done: 6, failed: 0 });
  expect(readFileSync(at("synthetic", "index.html"), "utf8")).toContain("Synthetic brain MRI");
});

test.each<[string, () => unknown, RegExp]>([
  ["a missing mask", () => rmSync(inDemo("masks", "disc.png")), /masks.disc\.png" does not exist/],
  ["a missing image", () => rmSync(inDemo("images", "disc.png")), /images.disc\.png" does not exist/],
  [
    "a mask of another size",
    () => writeMask(inDemo("masks", "disc.png"), drawn("##", "..")),
    /has 2 x 2 pixels, .* has 8 x 6; a mask must have/,
  ],
  ["a mask full of one value", () => writeMask(inDemo("masks", "disc.png"), drawn(...Array(6).fill("########"))), /is not a plain mask/],
  ["a damaged list", () => list('[{"name": }]'), /demo\.json" is not valid JSON: line 1, column 11/],
  ["an empty list", () => list([]), /does not list the scans of a demo/],
  ["two scans of one name", () => list([scans[0], scans[0]]), /"disc" is the name of two scans.*\[1\]\.name/s],
  ["a name that is no name of a file", () => list([{ ...scans[0], name: "../disc" }]), /expected lower-case letters.*\[0\]\.name/s],
  ["an image elsewhere", () => list([{ ...scans[0], image: "../../disc.png" }]), /below the folder.*\[0\]\.image/s],
  ["an unknown field", () => list([{ ...scans[0], truth: "masks/disc.png" }]), /Unrecognized key: "truth"/],
])("%s in the folder of the pack is an error that names it", async (_, damage, message) => {
  await damage();
  await expect(demo("damaged")).rejects.toMatchObject({ code: "input", message: expect.stringMatching(message) });
  expect(existsSync(at("damaged"))).toBe(false);
});

test("the command ends with exit status 1 for a damaged pack, and writes the page for a whole one", async () => {
  const whole = await runInProcess(["demo", "--pack", pack, "--out", at("whole")]);
  expect(whole.status, whole.stderr).toBe(0);
  expect(whole.stdout).toContain(at("whole", "index.html"));
  expect(existsSync(at("whole", "index.html"))).toBe(true);
  rmSync(inDemo("masks", "disc.png"));
  const damaged = await runInProcess(["demo", "--pack", pack, "--out", at("none")]);
  expect(damaged.status).toBe(1);
  expect(damaged.stderr).toContain('disc.png" does not exist');
});
