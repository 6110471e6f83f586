import { expect, test } from "vitest";
import { modalitiesIn, modalityOfDicom, otherModalities } from "./modality-words.ts";

test.each([
  ["A breast ultrasound showing a mass", ["ultrasound"]],
  ["a sonogram, an X-ray and an xray", ["ultrasound", "X-ray"]],
  ["A mammographic image", ["mammogram"]],
  ["an axial CT slice beside an MRI", ["CT", "MRI"]],
  ["T2-weighted magnetic resonance image", ["MRI"]],
  ["the pet sat in the doctor's direct line", []],
  ["a PET scan", ["PET"]],
  ["the lung in radiography reports", ["X-ray"]],
])("%s", (text, names) => {
  expect(modalitiesIn(text)).toEqual(names);
});

test("a word contradicts the picture if it names another modality", () => {
  expect(otherModalities("a mammogram of the breast", "ultrasound")).toEqual(["mammogram"]);
  expect(otherModalities("an X-ray of the breast", "mammogram")).toEqual([]);
  expect(otherModalities("a mammogram", "X-ray")).toEqual(["mammogram"]);
  expect(otherModalities("a lesion", "CT")).toEqual([]);
});

test("codes of DICOM name modalities", () => {
  expect(["US", "MG", "DX", "CT", "MR", "OT", "SR"].map(modalityOfDicom)).toEqual([
    "ultrasound",
    "mammogram",
    "X-ray",
    "CT",
    "MRI",
    undefined,
    undefined,
  ]);
});
