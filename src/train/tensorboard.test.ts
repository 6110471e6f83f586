import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEvents } from "../../test/support/tensorboard.ts";
import { crc32c, maskedCrc32c } from "./crc32c.ts";
import { EventFile, tfRecord } from "./tensorboard.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-events-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("CRC-32C has the values of RFC 3720, and its masked form undoes as TensorFlow's does", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  const rotated = (maskedCrc32c(new Uint8Array(32)) - 0xa282ead8) >>> 0;
  expect(((rotated >>> 17) | (rotated << 15)) >>> 0).toBe(0x8a9136aa);
});

test("a record is its length, data and two checksums", () => {
  const record = tfRecord(Uint8Array.of(7, 8));
  expect([...record.subarray(0, 8)]).toEqual([2, 0, 0, 0, 0, 0, 0, 0]);
  expect([...record.subarray(12, 14)]).toEqual([7, 8]);
  expect(record).toHaveLength(18);
});

test("events come back as they were written, without what cannot be drawn", async () => {
  const begun = Date.now() / 1000;
  const events = await EventFile.create(folder, 301);
  await events.add(301, { "train/loss": -0.5, "train/lr": 1e-6, "train/odd": Number.NaN });
  await events.add(70_000, { "validation/loss": 2 });
  await events.close();
  const [name] = readdirSync(folder);
  expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\.\d{3}\.\d+$/);
  const found = readEvents(readFileSync(join(folder, name!)));
  expect(found[0]).toMatchObject({ version: "brain.Event:2", step: 0 });
  expect(found[1]).toMatchObject({ isStart: true, step: 301 });
  expect(found[2]).toMatchObject({ step: 301, scalars: { "train/loss": -0.5, "train/lr": Math.fround(1e-6) } });
  expect(Object.keys(found[2]!.scalars)).toHaveLength(2);
  expect(found[3]).toMatchObject({ step: 70_000, scalars: { "validation/loss": 2 } });
  expect(found[3]!.seconds).toBeGreaterThanOrEqual(begun);
  expect(found[3]!.seconds).toBeLessThanOrEqual(Date.now() / 1000);
});
