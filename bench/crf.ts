/**
 * The dense CRF on a saliency map and its image, beside pydensecrf.
 *
 *     npm run bench:crf -- [--size 512] [--runs 5] [--clock wall|processor] [--json FILE] [--ours-only]
 *
 * On a busy machine `--clock processor` compares what both compute, without the time in which they wait for a core; both use one thread.
 *
 * The reference is `parity/bench/crf.py` of the folder that MEDCLIP_SAM_SHARED names, which runs before and after ours; MEDCLIP_SAM_PYTHON is
 * a Python with `pydensecrf2`.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { type CoarseMaskOptions, coarseMask } from "../src/coarse/index.ts";
import { type GrayImage, type Image, rgbImage } from "../src/image/index.ts";
import { median } from "../src/metrics/index.ts";
import { normal } from "../src/tensor/random.ts";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string", default: "512" },
    runs: { type: "string", default: "5" },
    clock: { type: "string", default: "wall" },
    json: { type: "string" },
    "ours-only": { type: "boolean", default: false },
  },
});
const [side, runs] = [Number(flags.size), Number(flags.runs)];
const start = promisify(execFile);

/** A disc with noise, and the map of it, by the formulas of the reference's script; the noise is another. */
function picture(): { map: GrayImage; image: Image } {
  const disc = (i: number) => {
    const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
    return { x, value: Math.exp(-((((x - 0.45) / 0.2) ** 2 + ((y - 0.55) / 0.15) ** 2) ** 2)) };
  };
  const [ofMap, ofImage] = [normal("map", 1, side * side), normal("image", 1, side * side)];
  const gray = (level: (i: number) => number): GrayImage => ({
    width: side,
    height: side,
    data: Uint8Array.from({ length: side * side }, (_, i) => Math.min(255, Math.max(0, level(i)))),
  });
  const map = gray((i) => 255 * (0.15 + 0.7 * disc(i).value) + 12 * ofMap[i]!);
  const image = gray((i) => 90 + 80 * disc(i).value + 25 * Math.sin(20 * disc(i).x) + 8 * ofImage[i]!);
  return { map, image: rgbImage(image) };
}

/** Seconds of each run, by the clock of the flags. */
function ours(options: CoarseMaskOptions & { readonly image: Image }, map: GrayImage): number[] {
  const now = () => {
    if (flags.clock !== "processor") return performance.now() / 1e3;
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  return Array.from({ length: runs + 1 }, () => {
    const begun = now();
    coarseMask(map, options);
    return now() - begun;
  });
}

/** Median seconds of the reference; undefined where it cannot be run. */
async function reference(): Promise<number | undefined> {
  if (flags["ours-only"]) return undefined;
  const script = join(process.env.MEDCLIP_SAM_SHARED ?? "", "parity", "bench", "crf.py");
  // Python's clock is replaced before the script reads it.
  const clock =
    "import sys, time, runpy; time.perf_counter = time.process_time; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')";
  const program = flags.clock === "processor" ? ["-c", clock, script] : [script];
  try {
    const { stdout } = await start(process.env.MEDCLIP_SAM_PYTHON ?? "python3", [...program, "--size", flags.size, "--runs", flags.runs]);
    return (JSON.parse(stdout) as { median_s: number }).median_s;
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    process.stderr.write(`the reference could not be run, so only ours is timed: ${reason}\n`);
    return undefined;
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3));

const { map, image } = picture();
const before = await reference();
const [first, ...times] = ours({ method: "crf", image }, map) as [number, ...number[]];
const after = before === undefined ? undefined : await reference();
const result = {
  name: `crf ${side} x ${side}`,
  clock: flags.clock,
  runs,
  first: rounded(first),
  median: rounded(median(times)),
  min: rounded(Math.min(...times)),
  reference: before === undefined ? null : [before, after!].map(rounded),
  ratio: before === undefined ? null : rounded((before + after!) / 2 / median(times)),
  machine: `${cpus()[0]!.model}, node ${process.version}`,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(result, null, 2)}\n`);
