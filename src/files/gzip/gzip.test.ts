import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import * as browser from "./browser.ts";
import * as node from "./node.ts";

const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  for await (const piece of pieces) kept.push(piece);
  return Buffer.concat(kept);
}

describe.each([
  ["Node", node],
  ["browsers", browser],
])("gzip in %s", (_, { firstGunzipped, gunzipped, gzipped }) => {
  test("what is compressed comes back, and the header has no time or system", async () => {
    const compressed = await gzipped(content);
    expect([...compressed.subarray(4, 8), compressed[9]]).toEqual([0, 0, 0, 0, 255]);
    expect(Buffer.compare(await all(gunzipped(compressed)), content)).toBe(0);
    expect(await gzipped(content)).toEqual(compressed);
  });

  test("a part of a file gives the bytes that it holds", () => {
    const first = firstGunzipped(gzipSync(content).subarray(0, 500));
    expect(first.length).toBeGreaterThan(100);
    expect(Buffer.compare(first, content.subarray(0, first.length))).toBe(0);
  });

  test("all members of a file are read", async () => {
    const members = [content.subarray(0, 60_000), content.subarray(60_000, 60_001), content.subarray(60_001)];
    const file = Buffer.concat(members.map((member) => gzipSync(member)));
    expect(Buffer.compare(await all(gunzipped(file)), content)).toBe(0);
  });

  test("a wrong sum of any member, and an end that comes early, are errors", async () => {
    const [one, other] = [gzipSync(content), gzipSync(content.subarray(0, 9))];
    for (const at of [one.length - 6, one.length + other.length - 7]) {
      const file = Buffer.concat([one, other]);
      file[at]! ^= 1;
      await expect(all(gunzipped(file)), `${at}`).rejects.toThrow();
    }
    for (const end of [0, 5, 12, one.length - 9, one.length - 1])
      await expect(all(gunzipped(one.subarray(0, end))), `${end}`).rejects.toThrow();
  });
});
