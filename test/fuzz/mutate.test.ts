import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { faultOf, kindsIn } from "./kinds.ts";
import { drawsOf, mutated } from "./mutate.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-kinds-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a mutation follows from its number, and changes the file", () => {
  const [file, other] = [Uint8Array.from({ length: 500 }, (_, i) => i), new Uint8Array(40).fill(7)];
  const results = Array.from({ length: 50 }, (_, number) => Buffer.from(mutated(file, other, drawsOf(number))).toString("hex"));
  expect(results).toEqual(Array.from({ length: 50 }, (_, number) => Buffer.from(mutated(file, other, drawsOf(number))).toString("hex")));
  expect(new Set(results).size).toBeGreaterThan(45);
  expect(file).toEqual(Uint8Array.from({ length: 500 }, (_, i) => i));
});

test("an error of ours is a refusal, any other a fault", async () => {
  const failing = (error: unknown) => () => Promise.reject(error);
  expect(await faultOf(() => Promise.resolve(1))).toBeUndefined();
  expect(await faultOf(failing(new InputError("no")))).toBeUndefined();
  expect(await faultOf(failing(new TypeError("of undefined")))).toContain("TypeError: of undefined");
  expect(await faultOf(failing("text"))).toBe("text");
});

describe("mutations begin with files that are read", () => {
  test.for(Object.entries(kindsIn(folder)))("%s", async ([, { ending, seeds, read }], { skip }) => {
    const known = await seeds();
    if (known.length === 0) skip("the shared data are absent");
    const file = join(folder, `sound.${ending}`);
    const outcomes: string[] = [];
    for (const bytes of known) {
      writeFileSync(file, bytes);
      for (const reading of read(file, bytes)) {
        expect(await faultOf(reading)).toBeUndefined();
        outcomes.push(
          await reading().then(
            () => "read",
            ({ message }: Error) => message,
          ),
        );
      }
    }
    expect(outcomes).toContain("read");
  });
});
