import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tarMembers } from "./tar.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-writer.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tar-writer-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what is written is read, names of more than 100 characters included", async () => {
  const contents = { "a.txt": "one", [`${"folder".repeat(20)}/${"name".repeat(20)}`]: "x".repeat(512), empty: "" };
  const parts = Object.entries(contents).flatMap(([name, text]) => [
    tarHeader(name, text.length),
    Buffer.from(text),
    tarPadding(text.length),
  ]);
  await writeFile(join(folder, "a.tar"), Buffer.concat([...parts, tarEnd]));
  const found: [string, number][] = [];
  for await (const { name, length } of tarMembers(join(folder, "a.tar"))) found.push([name, length]);
  expect(found).toEqual(Object.entries(contents).map(([name, text]) => [name, text.length]));
});

test("sizes of 8 GiB and more are told", async () => {
  await writeFile(join(folder, "b.tar"), tarHeader("large", 2 ** 35 + 12345));
  const { value } = await tarMembers(join(folder, "b.tar")).next();
  expect(value).toEqual({ reason: "the archive ends inside large", member: "large" });
  expect([...tarHeader("large", 2 ** 35 + 12345).subarray(124, 136)]).toEqual([0x80, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0x30, 0x39]);
});

test("a name without a folder has at most 100 characters", () => {
  expect(() => tarHeader("x".repeat(101), 0)).toThrow("too long for the name of a file in a tar archive");
});
