import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { parseJson, repeatedKey } from "./json.ts";
import { readJson, readJsonIfPresent } from "./read-json.ts";

const parse = (content: string | Uint8Array) => parseJson(content, "a.json", ConfigError);

test("a byte-order mark is not part of the text", () => {
  expect(parse('\uFEFF{"a": 1}')).toEqual({ a: 1 });
  expect(parse(Buffer.from('\uFEFF{"a": 1}'))).toEqual({ a: 1 });
});

test.each([
  ["little-endian with a mark", Buffer.from('\uFEFF{"a": 1}', "utf16le")],
  ["big-endian with a mark", Buffer.from('\uFEFF{"a": 1}', "utf16le").swap16()],
  ["little-endian", Buffer.from("{}", "utf16le")],
  ["big-endian", Buffer.from("{}", "utf16le").swap16()],
])("UTF-16 text, %s, is named as such", (_, bytes) => {
  expect(() => parse(bytes)).toThrow(new ConfigError('"a.json" is UTF-16 text, expected UTF-8. Save it again as UTF-8.'));
});

test("other text than UTF-8 is refused", () => {
  expect(() => parse(Buffer.from('{"a": "\xfc"}', "latin1"))).toThrow('"a.json" is not UTF-8 text');
});

test.each([
  ["", "line 1, column 1: expected a value, found the end"],
  ['{\n  "a": 1,\n}', 'line 3, column 1: expected a key in double quotes, found "}"'],
  ["{'a': 1}", "line 1, column 2: expected a key in double quotes"],
  ['{"a": 1\n "b": 2}', 'line 2, column 2: expected "," or "}"'],
  ['{"a" 1}', 'line 1, column 6: expected ":"'],
  ["[1, 2", 'line 1, column 6: expected "," or "]", found the end'],
  ['["a\n"]', "line 1, column 2: expected a value"],
  ["[1, NaN]", "line 1, column 5: expected a value"],
  ['["C:\\dir"]', "line 1, column 2: expected a value"],
  ["{} {}", "line 1, column 4: expected nothing after the value"],
])("an error gives its line and column: %j", (text, message) => {
  expect(() => parse(text)).toThrow(`"a.json" is not valid JSON: ${message}`);
});

test("a key that one object has twice is refused, also under an escape", () => {
  expect(() => parse('{"a.png": "x", "b": {"a.png": 1}, "\\u0061.png": "y"}')).toThrow('has the key "a.png" twice in one object');
  expect(repeatedKey('[{"a": 1}, {"a": 2}]')).toBeUndefined();
});

test("what JSON.parse accepts is accepted, and nothing else", () => {
  const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", '"', "}", "]", "0", " ", "\\"));
  fc.assert(
    fc.property(damaged, ([json, at, put]) => {
      const text = json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + 1);
      const outcome = (work: () => unknown) => {
        try {
          return JSON.stringify(work());
        } catch (error) {
          return error instanceof ConfigError && error.message.includes(" twice in one object") ? "repeated" : "refused";
        }
      };
      const [own, engine] = [outcome(() => parse(text)), outcome(() => JSON.parse(text))];
      if (own !== "repeated") expect(own).toBe(engine);
    }),
  );
});

test("texts of any length are read", () => {
  const long = `{"*": "${"\\u00e9 x".repeat(1_000_000)}"}`;
  expect(repeatedKey(long)).toBeUndefined();
  expect(() => parse(`${long}}`)).toThrow("line 1, column 8000010: expected nothing after the value");
});

test("deep nesting is read", () => {
  const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
  expect(repeatedKey(deep)).toBeUndefined();
});

test("a missing file is distinguished from one that cannot be read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "json-"));
  const [none, some] = [join(folder, "none.json"), join(folder, "some.json")];
  await writeFile(some, "\uFEFF[1]");
  expect(await readJson(some, ConfigError)).toEqual([1]);
  expect(await readJsonIfPresent(none, ConfigError)).toBeUndefined();
  await expect(readJson(none, ConfigError)).rejects.toThrow(new ConfigError(`"${none}" cannot be read (ENOENT).`));
  await expect(readJsonIfPresent(folder, ConfigError)).rejects.toThrow("cannot be read (EISDIR)");
  await rm(folder, { recursive: true });
});
