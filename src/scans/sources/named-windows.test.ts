import { expect, test } from "vitest";
import { windowOf } from "./named-windows.ts";

test("a window has a name, or a centre and a width", () => {
  expect(windowOf("lung")).toEqual({ center: -600, width: 1500 });
  expect(windowOf("-40.5,1e3")).toEqual({ center: -40.5, width: 1000 });
  expect(windowOf("file")).toBe("file");
});

test("anything else is none", () => {
  for (const text of ["lungs", "40", "40,0", "40,-1", "40,400,1", ",400", "40,", "a,b", "toString"]) {
    expect(windowOf(text), text).toBeUndefined();
  }
});
