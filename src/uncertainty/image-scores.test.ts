import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foregroundRow, probabilityRow } from "../../test/support/class-maps.ts";
import { anyMask, areaOf, drawn, mirrored } from "../../test/support/pictures.ts";
import { addMember, ensembleResult, startEnsemble } from "./ensemble.ts";
import type { EntropyMap } from "./entropy.ts";
import { edgeOf, edgeScore, imageScores, meanInForeground, uncertaintyMeasures, uncertaintyModes } from "./image-scores.ts";
import { foregroundMask } from "./member-masks.ts";

const flat = (width: number, height: number, bits: number): EntropyMap => ({
  ...{ width, height, maxBits: 1, data: new Float32Array(width * height).fill(bits) },
});

describe("the edge of a mask", () => {
  test("by hand: a square of 3 x 3 has 16 edge pixels, fewer at the frame", () => {
    expect(areaOf(edgeOf(drawn(".....", ".###.", ".###.", ".###.", ".....")))).toBe(16);
    expect(edgeOf(drawn("##.", "##.", "..."))).toEqual(drawn("..#", "..#", "###"));
  });

  test("lies outside of the mask, beside it, and turns with it", () => {
    fc.assert(
      fc.property(anyMask(7), (mask) => {
        const edge = edgeOf(mask);
        expect(edge.data.some((value, i) => value === 1 && mask.data[i] === 1)).toBe(false);
        expect(edgeOf(mirrored(mask))).toEqual(mirrored(edge));
      }),
    );
  });
});

describe("the score by edge pixels", () => {
  test("by hand: 25 pixels of 0.5 bit over 16 edge pixels", () => {
    expect(edgeScore(flat(5, 5, 0.5), drawn(".....", ".###.", ".###.", ".###.", "....."))).toBe((100 * 12.5) / 16);
  });

  test("is defined for empty and full masks", () => {
    expect(edgeScore(flat(2, 2, 0.25), drawn("..", ".."))).toBe(100);
    expect(edgeScore(flat(2, 2, 0.25), drawn("##", "##"))).toBe(100);
    expect(edgeScore(flat(2, 2, 0), drawn("..", ".."))).toBe(0);
  });
});

test("by hand: all measures of two members over four pixels", () => {
  const ensemble = startEnsemble(foregroundRow(0, 0, 0, 0));
  addMember(ensemble, foregroundRow(1, 1, 0, 0));
  addMember(ensemble, foregroundRow(1, 0, 0, 0));
  const result = ensembleResult(ensemble);
  const scores = imageScores(result, foregroundMask(result.mean)); // {0}: 0.5 is not above 0.5; its edge is {1}
  expect(scores.edgeScore).toBeCloseTo(100, 6);
  expect(scores.meanEntropy).toBeCloseTo(0.25, 6);
  expect(scores.foregroundEntropy).toBeCloseTo(0, 6);
  expect(scores.meanMutualInformation).toBeCloseTo(0.25, 6);
  expect(scores.pairwiseDice).toBeCloseTo(2 / 3, 6);
  expect(uncertaintyMeasures.pairwiseDice(scores)).toBeCloseTo(1 / 3, 6);
  expect(uncertaintyMeasures.pairwiseDice({ ...scores, pairwiseDice: null })).toBeNull();
});

test("the entropy of an empty foreground is unknown", () => {
  expect(meanInForeground(flat(2, 1, 1), drawn(".."))).toBeNull();
  expect(meanInForeground({ ...flat(2, 1, 1), data: Float32Array.of(0.25, 1) }, drawn("#."))).toBe(0.25);
});

test("the foreground is what exceeds the threshold, or the largest of several classes", () => {
  const { paper, reference } = uncertaintyModes;
  expect([...foregroundMask(foregroundRow(0.1, 0.3, 0.5, 0.6), paper).data]).toEqual([0, 0, 0, 1]);
  expect([...foregroundMask(foregroundRow(0.1, 0.3, 0.5, 0.6), reference).data]).toEqual([0, 1, 1, 1]);
  expect([...foregroundMask(probabilityRow([0.4, 0.3, 0.3], [0.3, 0.3, 0.4], [0.4, 0.4, 0.2])).data]).toEqual([0, 1, 0]);
});

test("a map and a mask of different sizes are refused", () => {
  expect(() => edgeScore(flat(2, 1, 0), drawn("#"))).toThrow("expected a mask of 2 x 1 pixels, got 1 x 1");
});
