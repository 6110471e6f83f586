import { join } from "node:path";
import { writeAtomic } from "../../files/atomic-write.ts";
import { readTextIfPresent } from "../../files/read-text.ts";
import { defaultPack, locatePack } from "../../hub/pack.ts";
import { areaPx } from "../../image/index.ts";
import { dsc } from "../../metrics/index.ts";
import { targetFile } from "../../results/layout.ts";
import { writeMask, writeRgb } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { notice } from "../../run/record/folder.ts";
import { type RunHeader, readRuns } from "../../run/record/record.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { readMask } from "../../scans/read-mask.ts";
import { unnamedTarget } from "../../targets/target.ts";
import { defaultsOf } from "../models/pack-settings.ts";
import { alignedLines } from "../text-table.ts";
import { runSegment } from "../zero-shot/segment.ts";
import { SegmentSettings } from "../zero-shot/settings/commands.ts";
import { outlines } from "./outlines.ts";
import { phantomScans } from "./phantom-scans.ts";
import { type DemoResult, pictureOf, verdict, writeDemo } from "./record.ts";
import type { DemoScan } from "./scan.ts";
import { scansOfPack } from "./scans-of-pack.ts";

export interface DemoOptions {
  readonly out: string;
  readonly seed: number;
  readonly pack?: string | undefined;
  readonly threads?: number | undefined;
}

/**
 * The full pipeline without external data: segments the scans that the pack brings, or else synthetic ones, from text prompts, and compares the masks
 * with the ground truth. The models of the pack were trained on neither. `demo.json` holds the results, of which the last lines are printed.
 *
 * @throws InputError when the scans of the pack are damaged
 */
export async function* runDemo(
  { out, seed, threads, pack: named = defaultPack }: DemoOptions,
  options: StopOptions = {},
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const at = (...parts: string[]) => join(out, ...parts);
  const pack = await locatePack(named);
  yield { type: "stage", message: "preparing the scans" };
  const scans = (await scansOfPack(pack)) ?? (await phantomScans(seed));
  await writeInputs(out, scans);
  const attribution = await readTextIfPresent(join(pack.folder, "demo", "ATTRIBUTION.md"));
  if (attribution !== undefined) await writeAtomic(at("ATTRIBUTION.md"), attribution);
  const run = SegmentSettings.parse({
    ...defaultsOf(pack),
    inputs: scans.map((scan) => at(inputOf(scan))),
    prompts: at("prompts.json"),
    out,
    pack: named,
    clip: pack.clip,
    sam: pack.sam,
    seed,
    overwrite: true,
    ...(threads !== undefined && { threads }),
  });
  const failed = new Set<string>();
  for await (const event of runSegment(run, options)) {
    if (event.type === "failure") failed.add(event.name);
    if (event.type !== "end") yield event;
  }
  const { headers } = await readRuns(out);
  const results: DemoResult[] = [];
  for (const scan of scans) results.push(failed.has(scan.name) ? resultOf(scan) : await compare(out, scan, headers[0]));
  await writeDemo(out, {
    ...{ notice, notices: [...(headers[0]?.notices ?? [])], pack: pack.name },
    ...(attribution !== undefined && { attribution: "ATTRIBUTION.md" }),
    scans: results,
  });
  const ms = Math.round(performance.now() - start);
  const lines = [...tableOf(results), "", `pictures   ${at("outlines")}`, `record     ${at("run.json")}`, "", pack.notice];
  yield { type: "end", done: scans.length - failed.size, skipped: 0, failed: failed.size, ms, lines };
}

const inputOf = ({ name, image }: DemoScan): string => `input/${name}.${image.ending}`;

/** Writes the scans to `input/`, the ground truth to `truth/`, and the text prompts to `prompts.json`. */
async function writeInputs(out: string, scans: readonly DemoScan[]): Promise<void> {
  for (const scan of scans) {
    await writeAtomic(join(out, inputOf(scan)), scan.image.bytes);
    await writeMask(join(out, "truth", `${scan.name}.png`), scan.truth);
  }
  const prompts = Object.fromEntries(scans.map(({ name, prompt }) => [name, prompt]));
  await writeAtomic(join(out, "prompts.json"), `${JSON.stringify(prompts, null, 1)}\n`);
}

/** Compares the mask of a scan with its ground truth, and draws the outlines of both. */
async function compare(out: string, scan: DemoScan, run: RunHeader | undefined): Promise<DemoResult> {
  const { name, prompt, truth } = scan;
  const asked = unnamedTarget([prompt]);
  const { mask } = await readMask(targetFile("masks", asked, { out, name, all: [asked] }));
  const { image } = await decodeImage({ name, bytes: scan.image.bytes });
  await writeRgb(join(out, pictureOf("outlines", name)), outlines(image, { mask, truth, label: run?.label }));
  return { ...resultOf(scan), areaPx: areaPx(mask), dsc: dsc(mask, truth) };
}

/** The result of a scan that could not be segmented. */
function resultOf(scan: DemoScan): DemoResult {
  const { name, title, prompt, credit, truth } = scan;
  const about = { name, title, prompt, image: inputOf(scan), ...(credit !== undefined && { credit }) };
  return { ...about, truthAreaPx: areaPx(truth), areaPx: null, dsc: null };
}

/** The text prompt of each scan, and the DSC of its mask. */
function tableOf(results: readonly DemoResult[]): string[] {
  const longest = Math.max(...results.map(({ name }) => name.length));
  const rows = results.map((result) => [`${result.name.padEnd(longest)}  "${result.prompt}"`, verdict(result)]);
  return alignedLines([["scan and text prompt", "DSC"], ...rows]);
}
