import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError, InputError } from "../errors.ts";
import { readCsvPairs } from "./csv-pairs.ts";
import { Separator } from "./separator.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));

function table(content: string | Uint8Array): string {
  const file = join(folder, "pairs.csv");
  writeFileSync(file, content);
  return file;
}

test("each row is a pair; quotes, line breaks in fields, a byte order mark and further columns are no trouble", async () => {
  const file = table('\uFEFFid,filename,Caption\r\n1,a.png,"CT, ""axial""\nof the chest"\r\n\r\n2,/data/b.png,MR\r\n');
  expect(await readCsvPairs(file)).toEqual({
    pairs: [
      { key: "a.png", image: { file: join(folder, "a.png") }, caption: 'CT, "axial"\nof the chest' },
      { key: "/data/b.png", image: { file: "/data/b.png" }, caption: "MR" },
    ],
    dropped: [],
    warnings: [],
  });
});

test("groups are distinguished by their trimmed names; pairs without one are counted", async () => {
  const file = table("filename,Caption,case\na.png,one,P1\nb.png,two, P1 \nc.png,three,NA\nd.png,four,\n");
  const { pairs, warnings } = await readCsvPairs(file, { groupColumn: "case" });
  expect(pairs.map(({ group }) => group)).toEqual(["P1", "P1", undefined, undefined]);
  expect(warnings).toEqual([expect.stringContaining('2 pairs have no value in the column "case"')]);
});

test("columns, separator, groups and the folder of the images can be named", async () => {
  const file = table("image\ttext\tcase\nx.png\tone\tA\n");
  const options = { imageColumn: "image", captionColumn: "text", groupColumn: "case", separator: "\t", images: "/pictures" };
  const { pairs } = await readCsvPairs(file, options);
  expect(pairs).toEqual([{ key: "x.png", image: { file: "/pictures/x.png" }, caption: "one", group: "A" }]);
});

test("captions that stand for no value are empty; rows without an image are dropped; repeated images have keys of their own", async () => {
  const { pairs, dropped } = await readCsvPairs(table("filename,Caption\na.png,NA\na.png,nan\n,lost\na.png,Nanoparticles\n"));
  expect(pairs.map(({ key, caption }) => [key, caption])).toEqual([
    ["a.png", ""],
    ["a.png#2", ""],
    ["a.png#3", "Nanoparticles"],
  ]);
  expect(dropped).toEqual([{ key: "row 4", kind: "input", reason: "no image named" }]);
});

test.each<[string, string | Uint8Array, string]>([
  [
    "a missing column names those that are there",
    "image,text\na,b\n",
    'no column "filename"; it has "image", "text". Name the right one with --image-column.',
  ],
  ["one column may be a wrong separator", "filename;Caption\na;b\n", 'it has "filename;Caption". With --separator ";" would find it.'],
  ["tabs, too", "filename\tCaption\na\tb\n", "With --separator tab would find it."],
  [
    "no separator gives the column",
    "image;Caption\na;b\n",
    'it has "image;Caption". Name the right one with --image-column, or the character',
  ],
])("%s", async (_, content, message) => {
  await expect(readCsvPairs(table(content))).rejects.toThrow(ConfigError);
  await expect(readCsvPairs(table(content))).rejects.toThrow(message);
});

test.each<[string, string | Uint8Array, string]>([
  ["a row of another length names its line", "filename,Caption\na,b\na,b,c\n", "on line 3"],
  ["a wrong separator that tears captions apart", "filename\tCaption\na\tb, c, d\n", "has more columns with --separator tab"],
  ["an open quote", 'filename,Caption\na,"b\n', "is not a table"],
  ["another encoding", Uint8Array.of(0x66, 0xe9, 0x0a), "is not UTF-8 text"],
  ["an empty file", "", "is empty"],
])("%s", async (_, content, message) => {
  await expect(readCsvPairs(table(content))).rejects.toThrow(InputError);
  await expect(readCsvPairs(table(content))).rejects.toThrow(message);
});

test("a missing table", async () => {
  await expect(readCsvPairs(join(folder, "none.csv"))).rejects.toThrow("does not exist");
});

test("a tab can be written as \\t or by name; more than one character is refused with what to write", () => {
  expect(["\\t", "tab", "\t", ";"].map((text) => Separator.parse(text))).toEqual(["\t", "\t", "\t", ";"]);
  for (const text of ["", "ab"]) expect(() => Separator.parse(text)).toThrow("expected one character; for a tab \\\\t or tab");
});

test("a column that is asked for must not stand twice", async () => {
  const file = table("filename,Caption,site,Caption,site\na.png,one,x,two,y\n");
  await expect(readCsvPairs(file)).rejects.toThrow(new ConfigError(`"${file}" has the column "Caption" twice. Rename one of them.`));
  const spare = table("filename,Caption,site,site\na.png,one,x,y\n");
  expect((await readCsvPairs(spare)).pairs).toHaveLength(1);
});
