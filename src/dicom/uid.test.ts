import { expect, test } from "vitest";
import { deterministicUids, randomUids } from "./uid.ts";

const uuidOf = (uid: string) =>
  BigInt(uid.replace(/^2\.25\./, ""))
    .toString(16)
    .padStart(32, "0");

test("random UIDs are 2.25. and a UUID of version 4, one for each role", async () => {
  const uids = randomUids();
  const uid = await uids("series");
  expect(uid).toMatch(/^2\.25\.[1-9]\d{1,38}$/);
  expect(uuidOf(uid)).toMatch(/^.{12}4.{3}[89ab]/);
  expect(await uids("series")).toBe(uid);
  expect(await uids("object")).not.toBe(uid);
  expect(await randomUids()("series")).not.toBe(uid);
});

test("deterministic UIDs depend on sources, settings and role alone, and are UUIDs of version 8", async () => {
  const uid = await deterministicUids(["1.2.3"], { strip: false })("series");
  expect(uuidOf(uid)).toMatch(/^.{12}8.{3}[89ab]/);
  expect(await deterministicUids(["1.2.3"], { strip: false })("series")).toBe(uid);
  const others = [deterministicUids(["1.2.4"], { strip: false }), deterministicUids(["1.2.3"], { strip: true })];
  for (const other of others) expect(await other("series")).not.toBe(uid);
  expect(await deterministicUids(["1.2.3"], { strip: false })("object")).not.toBe(uid);
});
