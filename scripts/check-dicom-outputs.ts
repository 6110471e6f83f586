/**
 * Writes DICOM SEG, RTSTRUCT and SR of the parity cases, and has other programs read them. By hand:
 *
 *   apt-get install dicom3tools plastimatch
 *   python3 -m venv VENV && VENV/bin/pip install highdicom dcmqi safetensors pynrrd
 *   npm run check:dicom -- VENV
 *
 * The cases are in `parity/dicom` of the folder that MEDCLIP_SAM_SHARED names. Prints what each program said about each object, and ends with status 1
 * if one of them found an error or other masks.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readDicom } from "../src/dicom/read-file.ts";
import type { Mask } from "../src/image/types.ts";
import type { ScanResult } from "../src/results/scan-writer.ts";
import { scanWriters } from "../src/results/scan-writers.ts";
import type { DicomScan } from "../src/scans/scan.ts";
import { describedSeries } from "../src/scans/series/series.ts";
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
  /** File with the masks, and the names of their structures. */
  readonly masks: string;
  readonly labels: readonly string[];
  readonly isFractional: boolean;
  readonly isLabelmap: boolean;
  /** UIDs of the source's objects with the number of the frame (0: the only one), in the order of the masks. */
  readonly frames: readonly (readonly [uid: string, frame: number])[];
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
  const { frames, headers } = result.scan as DicomScan;
  return {
    kind,
    name: folder,
    file: files[0]!,
    source: join(cases, folder, "source"),
    masks: join(cases, folder, "masks.safetensors"),
    labels,
    isFractional,
    isLabelmap: options.labelmap,
    frames: frames.map(({ file, number = 0 }) => [headers.get(file)!.text("SOPInstanceUID")!, number]),
  };
}

interface SegCase {
  readonly folder: string;
  readonly expected: { readonly type: string; readonly segments: readonly { readonly label: string }[] };
}
const json = <T>(name: string): T => JSON.parse(readFileSync(join(cases, name), "utf8")) as T;

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
const list = join(out, "written.json");
writeFileSync(list, JSON.stringify(written));
const checks = execFileSync(python, ["-c", readFileSync("scripts/check-dicom-outputs.py", "utf8"), list, out], {
  encoding: "utf8",
  maxBuffer: 2 ** 26,
});
for (const line of checks.trim().split("\n")) say(line.replace(/^(ok|fault) /, ""), line.startsWith("fault "));
console.log(`${written.length} objects in ${out}, ${faults} faults`);
process.exitCode = faults > 0 ? 1 : 0;
