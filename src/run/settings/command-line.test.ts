import { expect, test } from "vitest";
import { z } from "zod";
import { commandLine } from "./command-line.ts";

const schema = z.strictObject({
  model: z.array(z.string()),
  minArea: z.number().default(5),
  spacing: z.tuple([z.number(), z.number()]).optional(),
  mirror: z.boolean().default(true),
  overwrite: z.boolean().default(false),
  out: z.string(),
});

test("a command line names the settings that are not as by default, and quotes what a shell would take apart", () => {
  const settings = { model: ["a", "b's model"], minArea: 7, spacing: [0.5, 1], mirror: false, overwrite: true, out: "new scans" };
  expect(commandLine({ command: "weak predict", version: "1.2.3" }, schema, settings)).toBe(
    "npx medclip-sam@1.2.3 weak predict --model a --model 'b'\\''s model' --min-area 7 --spacing 0.5,1 --no-mirror --overwrite --out 'new scans'",
  );
  expect(commandLine({ command: "weak plan", version: "1.2.3" }, schema, { model: [], minArea: 5, mirror: true, out: "" })).toBe(
    "npx medclip-sam@1.2.3 weak plan --out ''",
  );
});

test("the positional setting stands without a flag", () => {
  expect(commandLine({ command: "segment", version: "1.2.3" }, schema, { model: ["a b", "c"], out: "d" }, "model")).toBe(
    "npx medclip-sam@1.2.3 segment 'a b' c --out d",
  );
});
