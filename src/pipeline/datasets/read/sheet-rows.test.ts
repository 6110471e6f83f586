import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sheet } from "../../../../test/support/sheet.ts";
import { InputError } from "../../../errors.ts";
import { sheetRows } from "./sheet-rows.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "medclip-sam-sheet-"));
});
afterAll(async () => await rm(root, { recursive: true }));

test("cells are texts of the shared list, inline texts, and numbers; missing ones are empty", async () => {
  const file = join(root, "a.xlsx");
  await writeFile(
    file,
    sheet([
      ["Image", "Type", "Diagnosis"],
      [1, "Benign", "CYST & more"],
      [2, "", "x"],
    ]),
  );
  expect(await sheetRows(file)).toEqual([
    ["Image", "Type", "Diagnosis"],
    ["1", "Benign", "CYST & more"],
    ["2", "", "x"],
  ]);
});

test("what is no spreadsheet is refused", async () => {
  const file = join(root, "b.xlsx");
  await writeFile(file, "Image,Type");
  await expect(sheetRows(file)).rejects.toThrow(InputError);
  await expect(sheetRows(file)).rejects.toThrow(/b.xlsx" cannot be read as a spreadsheet/);
});
