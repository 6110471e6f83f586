import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { writeTar } from "../../test/support/tar.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { decodePair } from "./decode-pair.ts";
import { readShard } from "./webdataset.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-shard-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A shard with these members. */
const shard = (members: Record<string, string>): string => shardOf(Object.entries(members));

function shardOf(members: string[][]): string {
  const file = join(folder, "shard.tar");
  writeTar(file, members as [string, string][]);
  return file;
}

test("consecutive members with one key are a pair; the key ends at the first dot of the file name", async () => {
  const file = shard({ "a.b/1.v2.jpg": "i", "a.b/1.txt": "t", "2.PNG": "image", "2.txt": "two", "2.json": '{"case": 7}' });
  const { pairs, dropped } = await readShard(file, { groupField: "case" });
  expect(pairs).toMatchObject([{ key: "shard.tar/2", caption: "two", group: "7", image: { archive: file, member: "2.PNG", length: 5 } }]);
  expect(dropped).toEqual([{ key: "shard.tar/a.b/1", kind: "input", reason: "no image", detail: 'members are "v2.jpg", "txt"' }]);
});

test("a caption that is not UTF-8 drops its pair, and what follows the end mark of joined archives is told", async () => {
  const file = join(folder, "shard.tar");
  writeTar(file, { "1.jpg": "i", "1.txt": Buffer.from("Lungenödem", "latin1"), "2.jpg": "i", "2.txt": "Lungenödem" });
  const whole = readFileSync(file);
  expect((await readShard(file)).dropped).toEqual([
    { key: "shard.tar/1", kind: "input", reason: "caption that is not UTF-8", detail: '"1.txt" is not UTF-8' },
  ]);
  writeFileSync(file, Buffer.concat([whole, Buffer.alloc(10240), whole]));
  const { pairs, dropped } = await readShard(file);
  expect(pairs).toHaveLength(1);
  expect(dropped[1]).toMatchObject({ reason: "damaged archive", detail: expect.stringContaining("data follow the end mark") });
});

test("of several images the first extension of the list is used", async () => {
  const { pairs, warnings } = await readShard(shard({ "1.webp": "w", "1.jpeg": "j", "1.png": "p", "1.txt": "t" }));
  expect(pairs[0]!.image).toMatchObject({ member: "1.png" });
  expect(warnings).toEqual([expect.stringContaining("1 samples have several images; the first of jpg, png")]);
});

test("a duplicate key is dropped and counted, whether its parts collide or lie apart", async () => {
  const file = shardOf([
    ...[
      ["1.jpg", "one"],
      ["1.txt", "first"],
      ["1.JPG", "two"],
      ["1.txt", "second"],
    ],
    ...[
      ["2.jpg", "i"],
      ["2.txt", "kept"],
      ["3.jpg", "i"],
      ["3.txt", "t"],
      ["2.jpg", "j"],
      ["2.txt", "another"],
    ],
    ...[
      ["4.jpg", "i"],
      ["5.jpg", "i"],
      ["4.txt", "t"],
      ["A.jpg", "i"],
      ["a.txt", "of another key"],
      ["6.txt", "alone"],
    ],
  ]);
  const { pairs, dropped } = await readShard(file);
  expect(pairs.map(({ key, caption }) => [key, caption])).toEqual([
    ["shard.tar/2", "kept"],
    ["shard.tar/3", "t"],
  ]);
  expect(dropped.map(({ key, reason }) => [key, reason])).toEqual([
    ["shard.tar/1", "duplicate part"],
    ["shard.tar/2", "duplicate key in the shard"],
    ["shard.tar/4", "no caption"],
    ["shard.tar/5", "no caption"],
    ["shard.tar/4", "duplicate key in the shard"],
    ["shard.tar/A", "no caption"],
    ["shard.tar/a", "no image"],
    ["shard.tar/6", "no image"],
  ]);
  expect(dropped[0]!.detail).toBe('members are "jpg", "txt"; more than once: "jpg", "txt"');
});

test("samples without the field of the group are counted", async () => {
  const { pairs, warnings } = await readShard(
    shard({
      "1.png": "p",
      "1.txt": "t",
      "1.json": '{"case": " 7 "}',
      "2.png": "p",
      "2.txt": "t",
      "2.json": "{",
      "3.png": "p",
      "3.txt": "t",
    }),
    { groupField: "case" },
  );
  expect(pairs.map(({ group }) => group)).toEqual(["7", undefined, undefined]);
  expect(warnings).toEqual([expect.stringContaining('2 pairs have no value in the field "case"')]);
});

test("a shard that ends between two parts of a sample loses that sample alone", async () => {
  const file = shard({ "1.png": "p", "1.txt": "t", "2.png": "p", "2.txt": "a caption that is cut" });
  writeFileSync(file, readFileSync(file).subarray(0, 7 * 512 + 5)); // the fourth member's content begins at block 7
  const { pairs, dropped } = await readShard(file);
  expect(pairs.map(({ key }) => key)).toEqual(["shard.tar/1"]);
  expect(dropped).toEqual([{ key: "shard.tar/2", kind: "input", reason: "damaged archive", detail: "the archive ends inside 2.txt" }]);
});

test("a file that is not an archive is reported, not read", async () => {
  const file = join(folder, "other.tar");
  writeFileSync(file, "filename,Caption\n".repeat(100));
  const { pairs, dropped } = await readShard(file);
  expect(pairs).toEqual([]);
  expect(dropped[0]).toMatchObject({ reason: "damaged archive", detail: "it is not a tar archive" });
  await expect(readShard(join(folder, "none.tar"))).rejects.toThrow("does not exist");
});

describeWith(["parity/learn/webdataset/expected.json"], "shards of the reference", () => {
  interface Expected {
    shard: string;
    key: string;
    status: "pair" | "dropped" | "damaged";
    image?: string;
    text?: string;
    reason?: string;
  }
  const expected = sharedJson<Expected[]>("parity/learn/webdataset/expected.json");
  const shards = [...new Set(expected.map(({ shard }) => shard))];

  test.each(shards)("%s gives the same pairs, pixels and reasons", async (name) => {
    const { tensors } = await readSafetensors(sharedPath("parity/learn/webdataset/expected.safetensors"));
    const { pairs, dropped } = await readShard(sharedPath("parity/learn/webdataset", name));
    const found = new Map<string, object>(dropped.map(({ key, ...reasons }) => [key, reasons]));
    for (const pair of pairs) {
      const image = await decodePair(pair.image, "reference").catch(() => undefined);
      found.set(pair.key, image ? { caption: pair.caption, image } : { reason: "image cannot be decoded" });
    }
    const cases = expected.filter((other) => other.shard === name);
    expect([...found.keys()].sort()).toEqual(cases.map(({ key }) => `${name}/${key}`).sort());
    for (const { key, status, text, reason } of cases) {
      const is = found.get(`${name}/${key}`)!;
      if (status === "pair") {
        const { shape, data } = tensors.get(`${name}/${key}`)!;
        expect(is).toMatchObject({ caption: text, image: { height: shape[0], width: shape[1] } });
        expect((is as { image: { data: Uint8Array } }).image.data).toEqual(data);
      } else if (status === "damaged") expect(is).toMatchObject({ reason: "damaged archive", detail: reason });
      else expect(reason, basename(key)).toContain((is as { reason: string }).reason);
    }
  });
});
