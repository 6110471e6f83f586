import { expect, test } from "vitest";
import { shortSeconds } from "./time-estimate.ts";

test("an estimate is shown in a readable unit", () => {
  expect([0.0034, 4.23, 38.4, 119, 1500, 36_604].map(shortSeconds)).toEqual(["3 ms", "4.2 s", "38 s", "119 s", "25 min", "10 h"]);
});
