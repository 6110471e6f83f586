import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeTar } from "../../test/support/tar.ts";
import { loadPairs } from "./load-pairs.ts";

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
