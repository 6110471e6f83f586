import { test } from "vitest";
import { followCurve } from "../../test/support/sam-curves.ts";
import { describeWith } from "../../test/support/shared-data.ts";

describeWith(["parity/learn/sam-train-medsam.safetensors"], "sam-train-medsam", () => {
  test("ten steps of the true decoder have the reference's losses, gradients and weights", () => followCurve("sam-train-medsam"));
});
