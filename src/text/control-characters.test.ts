import { expect, test } from "vitest";
import { controlCharactersIn, visible } from "./control-characters.ts";

test("control characters are named once, and white space is none of them", () => {
  expect(controlCharactersIn("a\0 \u001b[31mb\u009b\u001b")).toEqual(["U+0000", "U+001B", "U+009B"]);
  expect(controlCharactersIn("a\tmass\r\nin the lung \u00e9")).toEqual([]);
});

test("a message shows them", () => {
  expect(visible("a\u001b[31m\nb")).toBe("a\\u001b[31m\\u000ab");
});
