import { expect, test } from "vitest";
import { inputsOfScans } from "./inputs-of-scans.ts";
import type { ImageInput } from "./list-images.ts";
import type { Scan, ScanFrame } from "./scan.ts";

const inputsAt = (...paths: string[]): ImageInput[] =>
  paths.map((path) => ({ file: `in/${path}`, name: path.replace(/\.(dcm|nii\.gz)$/, ""), path }));
const scanOf = (name: string, ...frames: ScanFrame[]) => ({ name, frames }) as unknown as Scan;
const frame = (file: string, number?: number): ScanFrame => ({ file: `in/${file}`, ...(number && { number }) });
const named = (inputs: readonly ImageInput[]) => inputs.map(({ name, file, frame }) => [name, file, frame!.index]);

test("a volume in one file has the file's name, its frames are numbered below it", () => {
  const scans = [scanOf("brain", frame("p1/brain.nii.gz", 1), frame("p1/brain.nii.gz", 2))];
  const inputs = inputsOfScans(inputsAt("p1/brain.nii.gz"), scans);
  expect(named(inputs)).toEqual([
    ["p1/brain/0001", "in/p1/brain.nii.gz", 0],
    ["p1/brain/0002", "in/p1/brain.nii.gz", 1],
  ]);
  expect(inputs[0]!.frame!.whole).toEqual({ file: "in/p1/brain.nii.gz", name: "p1/brain", path: "p1/brain.nii.gz" });
});

test("a series of several files has the scan's name below their common folder", () => {
  const files = ["p1/a/1.dcm", "p1/a/2.dcm", "p1/b/3.dcm"];
  const inputs = inputsOfScans(inputsAt(...files), [scanOf("CT-3", frame(files[2]!), frame(files[0]!), frame(files[1]!))]);
  expect(named(inputs)).toEqual([
    ["p1/CT-3/0001", "in/p1/b/3.dcm", 0],
    ["p1/CT-3/0002", "in/p1/a/1.dcm", 1],
    ["p1/CT-3/0003", "in/p1/a/2.dcm", 2],
  ]);
});

test("a scan of one frame is its file; several scans in one file are told apart by their names", () => {
  expect(named(inputsOfScans(inputsAt("x.dcm"), [scanOf("CR-1", frame("x.dcm"))]))).toEqual([["x", "in/x.dcm", 0]]);
  const scans = [scanOf("MR-1", frame("m.dcm", 1), frame("m.dcm", 3)), scanOf("MR-1-2", frame("m.dcm", 2), frame("m.dcm", 4))];
  expect(named(inputsOfScans(inputsAt("m.dcm"), scans)).map(([name]) => name)).toEqual([
    "m/MR-1/0001",
    "m/MR-1/0002",
    "m/MR-1-2/0001",
    "m/MR-1-2/0002",
  ]);
});

test("chosen slices keep their numbers; single images are not slices", () => {
  const scans = [scanOf("a", frame("a.nii.gz", 1), frame("a.nii.gz", 2), frame("a.nii.gz", 3)), scanOf("CR-1", frame("x.dcm"))];
  const inputs = inputsOfScans(inputsAt("a.nii.gz", "x.dcm"), scans, { first: 2, last: 3 });
  expect(named(inputs).map(([name]) => name)).toEqual(["a/0002", "a/0003", "x"]);
});
