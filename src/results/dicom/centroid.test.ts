import { expect, test } from "vitest";
import { madeSeries } from "../../../test/support/dicom-series.ts";
import { Centroid, placesInHeaders, requireSamePlace } from "./centroid.ts";
import { sourceFrames } from "./source.ts";

const levels = Uint8Array.of(0, 1, 0, 0, 0, 1); // columns 1 and 2 of two rows

test("a centroid in millimetres, by hand: columns run to the left, rows to the back", () => {
  // First pixel at (-20, 10.5, 30); 0.75 mm between columns, 0.5 mm between rows; the centroid is at column 1.5, row 0.5.
  const places = placesInHeaders(sourceFrames(madeSeries()));
  const centroid = new Centroid();
  centroid.add(levels, 3, places[0]!);
  expect(centroid.point).toEqual([-20 + 1.5 * 0.75, 10.5 + 0.5 * 0.5, 30]);
});

test("without a frame of reference places are pixels and frames", () => {
  const places = placesInHeaders(sourceFrames(madeSeries({ attributes: { FrameOfReferenceUID: undefined } })));
  const centroid = new Centroid();
  centroid.add(levels, 3, places[2]!);
  expect(centroid.point).toEqual([1.5, 0.5, 2]);
});

test("a mirrored object is an error that says how far it is off, and so is one that lost a structure", () => {
  const [place] = placesInHeaders(sourceFrames(madeSeries()));
  const [expected, mirrored] = [new Centroid(), new Centroid()];
  expected.add(levels, 3, place!);
  mirrored.add(levels, 3, { ...place!, perColumn: [-0.75, 0, 0] });
  const check = (found: Centroid) => requireSamePlace("segment 1", { expected, found, tolerance: 0.01 });
  expect(() => check(expected)).not.toThrow();
  expect(() => check(mirrored)).toThrow("segment 1: read back, its centroid would be 2.25 mm from that of its mask");
  expect(() => check(new Centroid())).toThrow("it would be lost");
});
