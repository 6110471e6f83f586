import { expect, test } from "vitest";
import type { Mask } from "../../../image/index.ts";
import { evaluationOf, scoresOf } from "../../../metrics/evaluate.ts";
import { comparisonRows } from "./compare.ts";

const mask = (...data: number[]): Mask => ({ width: 2, height: 2, data: Uint8Array.from(data) });
const scored = (name: string, truth: Mask, prediction: Mask) => scoresOf({ name, truth, prediction });

test("images without a target are told apart from those with one", () => {
  const images = [
    scored("found", mask(1, 1, 0, 0), mask(1, 1, 0, 0)),
    scored("half", mask(1, 0, 0, 0), mask(1, 1, 1, 0)), // DSC 2 · 1 / (1 + 3)
    scored("rightly empty", mask(0, 0, 0, 0), mask(0, 0, 0, 0)),
    scored("invented", mask(0, 0, 0, 0), mask(0, 1, 0, 0)),
  ];
  const [head, row] = comparisonRows({ masksUsed: 0, methods: [{ name: "one", evaluation: evaluationOf(images) }] });
  expect(head!.slice(-2)).toEqual(["DSC where there is a target", "empty where there is none"]);
  expect(row!.slice(-2)).toEqual(["0.750 (n = 2)", "1 of 2"]);
  const [plain] = comparisonRows({ masksUsed: 0, methods: [{ name: "one", evaluation: evaluationOf(images.slice(0, 2)) }] });
  expect(plain).toEqual(["method", "n", "DSC", "NSD (published form, 2 px)", "NSD (contours)"]);
});
