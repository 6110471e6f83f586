import { expect, test } from "vitest";
import { madeSeries } from "../../../test/support/dicom-series.ts";
import { carriedOn } from "./carried-on.ts";

const objects = { strip: false, copiesAttributes: true };

test("what objects carry on of the patient is named by kind, never by value", () => {
  const [message, ...others] = carriedOn(madeSeries(), objects);
  expect(message).toBe("the results carry on the patient's name, the patient's ID (--strip leaves out what the standard does not require)");
  expect(others).toEqual([]);
});

test("nothing is carried on with --strip, nor by formats that copy no attributes", () => {
  expect(carriedOn(madeSeries(), { ...objects, strip: true })).toEqual([]);
  expect(carriedOn(madeSeries(), { ...objects, copiesAttributes: false })).toEqual([]);
});

test("text burned into pixels is warned of where the source says so, or its kind often has it and it does not say", () => {
  const said = carriedOn(madeSeries({ attributes: { BurnedInAnnotation: "YES" } }), { ...objects, strip: true });
  expect(said).toEqual(["the source says that text is burned into its pixels: it may name the patient"]);
  const silent = carriedOn(madeSeries({ attributes: { Modality: "US" } }), { ...objects, strip: true });
  expect(silent.join()).toContain("does not say whether text is burned into its pixels");
  expect(carriedOn(madeSeries({ attributes: { Modality: "US", BurnedInAnnotation: "NO" } }), { ...objects, strip: true })).toEqual([]);
});
