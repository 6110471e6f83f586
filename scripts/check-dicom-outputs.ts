/**
 * Writes DICOM SEG, RTSTRUCT and SR of the parity cases, and has other programs read them. By hand:
 *
 *   apt-get install dicom3tools plastimatch
 *   python3 -m venv VENV && VENV/bin/pip install highdicom dcmqi
 *   npm run check:dicom -- VENV
 *
 * The cases are in `parity/dicom` of the folder that MEDCLIP_SAM_SHARED names. Prints what each program said about each object, and ends with status 1
 * if one of them found an error or other masks.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { readDicom } from "../src/dicom/read-file.ts";
import type { Mask } from "../src/image/types.ts";
import { placesInHeaders } from "../src/results/dicom/centroid.ts";
import { sourceFrames } from "../src/results/dicom/source.ts";
import type { ScanResult } from "../src/results/scan-writer.ts";
import { scanWriters } from "../src/results/scan-writers.ts";
import type { DicomScan } from "../src/scans/scan.ts";
import { describedSeries } from "../src/scans/series/series.ts";
import { cross, dot, type Vector } from "../src/scans/vectors.ts";
import { namedTargets } from "../src/targets/target.ts";
import { readSafetensors } from "../src/tensor/safetensors.ts";

const [shared, environment] = [process.env.MEDCLIP_SAM_SHARED, process.argv[2]];
if (!shared || !environment) throw new Error("MEDCLIP_SAM_SHARED and the folder of a Python environment are needed");
const cases = join(resolve(shared), "parity/dicom");
const python = join(resolve(environment), "bin/python");
const out = mkdtempSync(join(tmpdir(), "dicom-outputs-"));

/** An object that was written. */
interface Written {
  readonly kind: "seg" | "rtstruct" | "sr";
  readonly name: string;
  readonly file: string;
  /** Folder of the source. */
  readonly source: string;
  readonly labels: readonly string[];
  readonly isLabelmap: boolean;
  readonly scan: DicomScan;
  /** What the object should hold of a structure in a frame: 0 and 1, or probabilities. */
  levelsOf(structure: number, frame: number): Promise<ArrayLike<number>>;
}

function scanOf(folder: string): DicomScan {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const [scan] = describedSeries(files.map((name) => readDicom({ name, bytes: readFileSync(name) }, { header: true })));
  const read = () => Promise.reject(new Error("masks are written without the pixels of their source"));
  return { ...scan!, read };
}

/** The masks of a case: one tensor [segment, frame, row, column], or one for each structure [frame, row, column]. */
async function resultOf(folder: string, labels: readonly string[], isFractional: boolean): Promise<ScanResult> {
  const scan = scanOf(join(cases, folder, "source"));
  const { tensors } = await readSafetensors(join(cases, folder, "masks.safetensors"));
  const targets = namedTargets(new Map(labels.map((label) => [label.replaceAll(" ", "_"), [`An image showing the ${label}`]])), "cases");
  const size = scan.rows * scan.columns;
  const valuesOf = (structure: number, frame: number) => {
    const own = tensors.get(labels[structure]!);
    const at = own ? frame * size : (structure * scan.frames.length + frame) * size;
    return Float32Array.from(Array.from((own ?? tensors.get("masks")!).data.slice(at, at + size), Number));
  };
  const picture = (data: Float32Array) => ({ width: scan.columns, height: scan.rows, data });
  return {
    scan,
    targets,
    models: [],
    maskOf: async (target, frame): Promise<Mask> => {
      const { width, height, data } = picture(valuesOf(targets.indexOf(target), frame));
      return { width, height, data: Uint8Array.from(data, (value) => (value >= 0.5 ? 1 : 0)) };
    },
    ...(isFractional && { probabilityOf: async (target, frame) => picture(valuesOf(targets.indexOf(target), frame)) }),
  };
}

async function write(kind: Written["kind"], folder: string, labels: readonly string[], type = "BINARY"): Promise<Written> {
  const format = kind === "seg" ? "dicom-seg" : kind;
  const isFractional = type === "FRACTIONAL";
  const result = await resultOf(folder, labels, isFractional);
  const place = join(out, kind, folder);
  const options = {
    out: place,
    fractional: isFractional,
    labelmap: type === "LABELMAP",
    keepEmpty: false,
    strip: false,
    deterministic: true,
  };
  const { files } = await scanWriters[format].open(options, result.targets).add(result);
  const empty = new Uint8Array(result.scan.rows * result.scan.columns);
  return {
    kind,
    name: folder,
    file: files[0]!,
    source: join(cases, folder, "source"),
    labels,
    isLabelmap: options.labelmap,
    scan: result.scan as DicomScan,
    levelsOf: async (structure, frame) => {
      const target = result.targets[structure]!;
      const levels = isFractional ? await result.probabilityOf!(target, frame) : await result.maskOf(target, frame);
      return levels?.data ?? empty;
    },
  };
}

interface SegCase {
  readonly folder: string;
  readonly expected: { readonly type: string; readonly segments: readonly { readonly label: string }[] };
}
const json = <T>(name: string): T => JSON.parse(readFileSync(join(cases, name), "utf8")) as T;

/** Runs a program that ends with the status 0. @returns its standard output */
function run(program: string, args: readonly string[], input = ""): Buffer {
  return execFileSync(program, args, { input, maxBuffer: 2 ** 28, stdio: ["pipe", "pipe", "pipe"] });
}

/** Writes the values of all segments, [frame, row, column, segment], float32. highdicom is a library for Python, so its part is a program for that. */
const readWithHighdicom = `
import highdicom, json, numpy, sys
job = json.load(sys.stdin)
seg = highdicom.seg.segread(job["file"])
how = dict(segment_numbers=range(1, job["segments"] + 1), ignore_spatial_locations=True, assert_missing_frames_are_empty=True)
if job["frames"]:
    pixels = seg.get_pixels_by_source_frame(job["instances"][0], job["frames"], **how)
else:
    pixels = seg.get_pixels_by_source_instance(job["instances"], **how)
sys.stdout.buffer.write(numpy.asarray(pixels, "float32").tobytes())
`;

async function highdicomSeg({ name, file, labels, scan, levelsOf }: Written): Promise<void> {
  const instances = scan.frames.map((frame) => scan.headers.get(frame.file)!.text("SOPInstanceUID")!);
  const frames = scan.frames.flatMap(({ number }) => number ?? []);
  const job = JSON.stringify({ file, instances, frames, segments: labels.length });
  const bytes = run(python, ["-c", readWithHighdicom], job);
  const found = new Float32Array(Uint8Array.from(bytes).buffer);
  const size = scan.rows * scan.columns;
  for (const [k] of labels.entries()) {
    let [pixels, difference] = [0, 0];
    for (let frame = 0; frame < scan.frames.length; frame++) {
      const wanted = await levelsOf(k, frame);
      for (let i = 0; i < size; i++) {
        if (wanted[i]! > 0) pixels++;
        difference = Math.max(difference, Math.abs(found[(frame * size + i) * labels.length + k]! - wanted[i]!));
      }
    }
    // The probabilities of the cases are multiples of 1/255, as the object stores them.
    say(`highdicom seg ${name} segment ${k + 1}: ${pixels} pixels, largest difference ${difference.toFixed(6)}`, difference > 1e-6);
  }
}

async function dcmqiSeg(each: Written): Promise<void> {
  if (!hasPlaces(each.scan)) return; // dcmqi cannot read objects without a frame of reference
  const folder = join(out, "dcmqi", each.name);
  mkdirSync(folder, { recursive: true });
  run(join(resolve(environment!), "bin/segimage2itkimage"), [
    "--inputDICOM",
    each.file,
    "--outputDirectory",
    folder,
    "--outputType",
    "nrrd",
  ]);
  const files = readdirSync(folder).filter((file) => file.endsWith(".nrrd"));
  for (const [k] of each.labels.entries()) {
    // A label map becomes one volume of all labels.
    const file = each.isLabelmap ? files[0] : files.find((one) => one.endsWith(`${k + 1}.nrrd`));
    const iou = file === undefined ? 0 : await agreement(readNrrd(join(folder, file)), each, k, each.isLabelmap ? k + 1 : undefined);
    say(`dcmqi seg ${each.name} segment ${k + 1}: IoU ${iou.toFixed(4)}`, iou !== 1);
  }
}

async function plastimatchRtstruct(each: Written): Promise<void> {
  const folder = join(out, "plastimatch", each.name);
  run("plastimatch", [
    "convert",
    "--input",
    each.file,
    "--referenced-ct",
    each.source,
    "--output-prefix",
    folder,
    "--prefix-format",
    "nrrd",
  ]);
  for (const [k, label] of each.labels.entries()) {
    const file = join(folder, `${label}.nrrd`);
    const iou = existsSync(file) ? await agreement(readNrrd(file), each, k) : 0;
    say(`plastimatch rtstruct ${each.name} ${label}: IoU ${iou.toFixed(4)}`, iou !== 1);
  }
}

/** Prints the areas of all measurement groups. */
const areasWithHighdicom = `
import highdicom, json, sys
groups = highdicom.sr.srread(sys.argv[1]).content.get_planar_roi_measurement_groups()
print(json.dumps([m.value for g in groups for m in g.get_measurements() if m.name.value == "42798000"]))
`;

async function highdicomSr({ name, file, labels, scan, levelsOf }: Written): Promise<void> {
  const found = (JSON.parse(String(run(python, ["-c", areasWithHighdicom, file]))) as number[]).sort((a, b) => a - b);
  const [betweenRows, betweenColumns] = scan.spacing!;
  const wanted: number[] = [];
  for (const [k] of labels.entries()) {
    for (let frame = 0; frame < scan.frames.length; frame++) {
      const pixels = Array.from(await levelsOf(k, frame)).filter((level) => level > 0).length;
      if (pixels > 0) wanted.push(pixels * betweenRows * betweenColumns);
    }
  }
  wanted.sort((a, b) => a - b);
  const isSame = found.length === wanted.length && wanted.every((area, i) => Math.abs(found[i]! - area) <= 1e-6 * area);
  say(`highdicom sr ${name}: ${found.length} areas from ${found[0]?.toFixed(3)} to ${found.at(-1)?.toFixed(3)} mm2`, !isSame);
}

/** A volume of another program. */
interface Nrrd {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly directions: readonly Vector[];
  readonly origin: Vector;
}

const nrrdTypes = {
  "unsigned char": Uint8Array,
  uchar: Uint8Array,
  uint8: Uint8Array,
  short: Int16Array,
  "unsigned short": Uint16Array,
  float: Float32Array,
};

/** Reads an NRRD file in LPS, raw or gzip. @see https://teem.sourceforge.net/nrrd/format.html */
function readNrrd(file: string): Nrrd {
  const bytes = readFileSync(file);
  const end = bytes.indexOf("\n\n");
  const lines = bytes.subarray(0, end).toString("latin1").split("\n");
  const field = (name: string) =>
    lines
      .find((line) => line.startsWith(`${name}:`))!
      .slice(name.length + 1)
      .trim();
  const vectors = (text: string) =>
    Array.from(text.matchAll(/\(([^)]+)\)/g), ([, numbers]) => numbers!.split(",").map(Number) as unknown as Vector);
  const body = bytes.subarray(end + 2);
  const values = Uint8Array.from(field("encoding").startsWith("gz") ? gunzipSync(body) : body);
  const Type = nrrdTypes[field("type") as keyof typeof nrrdTypes];
  return {
    shape: field("sizes").split(" ").map(Number),
    data: new Type(values.buffer),
    directions: vectors(field("space directions")),
    origin: vectors(field("space origin"))[0]!,
  };
}

const hasPlaces = (scan: DicomScan) => sourceFrames(scan).every(({ header }) => header.has("FrameOfReferenceUID"));

/** How well a volume, or one label of it, agrees with the masks of a structure (IoU), voxel by voxel by their places in the patient. */
async function agreement(
  { shape, data, directions, origin }: Nrrd,
  { scan, levelsOf }: Written,
  structure: number,
  label?: number,
): Promise<number> {
  const [a, b, c] = directions as readonly [Vector, Vector, Vector];
  const across = [cross(b, c), cross(c, a), cross(a, b)] as const;
  const volume = dot(a, across[0]);
  const isIn = (value: number | undefined) => (label === undefined ? value !== undefined && value !== 0 : value === label);
  const found = Array.from(data).filter(isIn).length;
  let [expected, both] = [0, 0];
  for (const [frame, { first, perColumn, perRow }] of placesInHeaders(sourceFrames(scan)).entries()) {
    const levels = await levelsOf(structure, frame);
    for (let i = 0; i < levels.length; i++) {
      if (!(levels[i]! > 0)) continue;
      const [x, y] = [i % scan.columns, Math.floor(i / scan.columns)];
      const place = [0, 1, 2].map((axis) => first[axis]! + x * perColumn[axis]! + y * perRow[axis]! - origin[axis]!) as unknown as Vector;
      const index = across.map((normal) => Math.round(dot(place, normal) / volume));
      expected++;
      if (
        index.every((one, axis) => one >= 0 && one < shape[axis]!) &&
        isIn(data[index[0]! + shape[0]! * (index[1]! + shape[1]! * index[2]!)])
      )
        both++;
    }
  }
  return both / Math.max(1, found + expected - both);
}

const written: Written[] = [];
for (const { folder, expected } of json<{ cases: SegCase[] }>("seg.json").cases)
  written.push(
    await write(
      "seg",
      folder,
      expected.segments.map(({ label }) => label),
      expected.type,
    ),
  );
const structureSets = json<{ cases: { source: string; rois: { name: string }[] }[] }>("rtstruct.json").cases;
for (const source of new Set(structureSets.map((each) => each.source))) {
  const folder = source.replace(/\/source$/, "");
  const { tensors } = await readSafetensors(join(cases, folder, "masks.safetensors"));
  written.push(await write("rtstruct", folder, [...tensors.keys()]));
}
for (const folder of ["seg/one_slice", "seg/lungs_binary", "seg/oblique"])
  written.push(
    await write(
      "sr",
      folder,
      json<{ cases: SegCase[] }>("seg.json")
        .cases.find((each) => each.folder === folder)!
        .expected.segments.map(({ label }) => label),
    ),
  );

/** Of a label map, whose class Debian's validator does not know. */
const excused = /Information Object Not found|SegmentNumber not monotonically increasing from one by one/;

type Check = readonly [program: string, check: (object: Written) => Promise<void>];
const checks: Readonly<Record<Written["kind"], readonly Check[]>> = {
  seg: [
    ["highdicom", highdicomSeg],
    ["dcmqi", dcmqiSeg],
  ],
  rtstruct: [["plastimatch", plastimatchRtstruct]],
  sr: [["highdicom", highdicomSr]],
};

let faults = 0;
const say = (line: string, isFault: boolean) => {
  if (isFault) faults++;
  console.log(`${isFault ? "FAULT " : "ok    "}${line}`);
};
for (const { kind, name, file } of written) {
  const { stdout, stderr } = spawnSync("dciodvfy", [file], { encoding: "utf8" });
  const errors = `${stdout}\n${stderr}`.split("\n").filter((line) => line.startsWith("Error") && !excused.test(line));
  say(`dciodvfy ${kind} ${name}: ${errors.length} errors ${errors.slice(0, 3).join("; ")}`, errors.length > 0);
}
for (const each of written) {
  for (const [program, check] of checks[each.kind]) {
    try {
      await check(each);
    } catch (error) {
      say(`${program} ${each.kind} ${each.name}: ${(error as Error).message.slice(0, 300)}`, true);
    }
  }
}
console.log(`${written.length} objects in ${out}, ${faults} faults`);
process.exitCode = faults > 0 ? 1 : 0;
