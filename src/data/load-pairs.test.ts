import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeTar } from "../../test/support/tar.ts";
import { loadPairs } from "./load-pairs.ts";
import { splitPairs } from "./split.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-pairs-"));
const at = (name: string) => join(folder, name);
mkdirSync(folder, { recursive: true });
for (const name of ["a.png", "b.png", "c.png"]) writeFileSync(at(name), "not decoded here");
afterAll(() => rmSync(folder, { recursive: true }));

const long = "axial CT of the chest with contrast";

test("what is dropped is counted by reason", async () => {
  writeFileSync(
    at("pairs.csv"),
    `filename,Caption\na.png,"${long}!"\nb.png,short\nc.png,NA\nd.png,${long}\na.png,${long}\ne.png,${long}\n`,
  );
  const { pairs, reasons, dropped } = await loadPairs([at("pairs.csv")]);
  expect(pairs).toEqual([{ key: "a.png", image: { file: at("a.png") }, caption: long }]);
  expect(reasons).toEqual({ "missing image": 2, short: 1, empty: 1, duplicate: 1 });
  expect(dropped).toContainEqual({ key: "d.png", kind: "input", reason: "missing image", detail: at("d.png") });
});

test("the reference's rule keeps short captions and special signs", async () => {
  writeFileSync(at("pairs.csv"), "filename,Caption\na.png,short &amp; “odd”\n");
  expect((await loadPairs([at("pairs.csv")], { captions: "reference" })).pairs[0]!.caption).toBe("short & “odd”");
});

test("a table may be written on another system than its images: other slashes, another Unicode form", async () => {
  mkdirSync(at("s\u00e9rie"));
  writeFileSync(at("s\u00e9rie/1.png"), "not decoded here");
  writeFileSync(at("pairs.csv"), `filename,Caption\nse\u0301rie\\1.png,${long}\n`);
  expect((await loadPairs([at("pairs.csv")])).pairs).toMatchObject([{ image: { file: at("s\u00e9rie/1.png") } }]);
});

test("tables and shards can be mixed; keys stay distinct", async () => {
  writeFileSync(at("one.csv"), `filename,Caption\na.png,${long} one\n`);
  writeFileSync(at("two.csv"), `filename,Caption\na.png,${long} two\n`);
  writeTar(at("shard.tar"), { "1.png": "image", "1.txt": long });
  const { pairs } = await loadPairs([at("one.csv"), at("two.csv"), at("shard.tar")]);
  expect(pairs.map(({ key }) => key)).toEqual(["a.png", "a.png (2)", "shard.tar/1"]);
});

test("nothing left is an error that says why, and where an image was looked for", async () => {
  writeFileSync(at("pairs.csv"), `filename,Caption\nx.png,${long}\nb.png,no\n`);
  await expect(loadPairs([at("pairs.csv")])).rejects.toThrow(
    /no pair can be used \(1 short, 1 missing image\)\. The first missing image is ".*x\.png"; --images DIR/,
  );
});

test("shards of one file name are distinguished by their folders; a file given twice is refused", async () => {
  for (const name of ["one", "two"]) {
    mkdirSync(at(name), { recursive: true });
    writeTar(at(`${name}/0.tar`), { "1.png": "image", "1.txt": `${long} ${name}` });
  }
  const { pairs } = await loadPairs([at("one/0.tar"), at("two/0.tar")]);
  expect(pairs.map(({ key }) => key)).toEqual([`${at("one/0.tar")}/1`, `${at("two/0.tar")}/1`]);
  await expect(loadPairs([at("one/0.tar"), at("two/../one/0.tar")])).rejects.toThrow("is given twice");
});

test("no two pairs have one key, even where a file is called as a repeated key would be", async () => {
  for (const name of ["a.png#2", "a.png (2)"]) writeFileSync(at(name), "not decoded here");
  const rows = ["a.png", "a.png", "a.png#2", "a.png (2)"].map((name, i) => `${name},${long} ${i}`);
  writeFileSync(at("one.csv"), `filename,Caption\n${rows.join("\n")}\n`);
  writeFileSync(at("two.csv"), `filename,Caption\na.png,${long} two\n`);
  const { pairs } = await loadPairs([at("one.csv"), at("two.csv")]);
  expect(pairs.map(({ key }) => key)).toEqual(["a.png", "a.png#2", "a.png#2 (2)", "a.png (2)", "a.png (3)"]);
});

test("a name in another Unicode form is the same image", async () => {
  writeFileSync(at("e\u0301.png"), "not decoded here");
  writeFileSync(at("pairs.csv"), `filename,Caption\n\u00e9.png,${long}\n`);
  expect((await loadPairs([at("pairs.csv")])).pairs).toHaveLength(1);
});

test("a table of 150,000 rows is read", { timeout: 30_000 }, async () => {
  const rows = Array.from({ length: 150_000 }, (_, i) => `a.png,${long} ${i}`);
  writeFileSync(at("many.csv"), `filename,Caption\n${rows.join("\n")}\n`);
  const { pairs } = await loadPairs([at("many.csv")], { captions: "reference" });
  expect(pairs).toHaveLength(150_000);
  const { train, validation } = splitPairs(
    pairs.map((pair, i) => ({ ...pair, image: { file: `${i}` } })),
    { fraction: 0.1, seed: 1 },
  );
  expect([train.length, validation.length]).toEqual([135_000, 15_000]);
});
