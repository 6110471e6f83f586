import { posix, win32 } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { canonicalName, joinByName, lonelyMessage, type Side } from "./names.ts";

const keys = (...items: string[]): Side<string> => ({ items, namesOf: (key) => [key], noun: "prompt" });
/** Files answer to their path with and without ending. */
const files = (...items: string[]): Side<string> => ({ items, namesOf: (path) => [path, path.replace(/\.[a-z]+$/, "")], noun: "image" });
const joined = (left: Side<string>, right: Side<string>, options?: Parameters<typeof joinByName>[2]) => {
  const { rightOf, lonelyLeft, lonelyRight } = joinByName(left, right, options);
  return { pairs: Object.fromEntries(rightOf), lonelyLeft, lonelyRight };
};

test("the path below the folder comes before the bare name", () => {
  expect(joined(keys("a.png", "1/a.png"), files("a.png", "1/a.png"))).toMatchObject({ pairs: { "a.png": "a.png", "1/a.png": "1/a.png" } });
  // "a.png" is the path of one image, so it does not speak of the other.
  expect(joined(keys("a.png"), files("a.png", "1/a.png"))).toMatchObject({ pairs: { "a.png": "a.png" }, lonelyRight: ["1/a.png"] });
});

test("a bare name finds its item in any folder, and so does a path that lacks folders in front", () => {
  expect(joined(keys("a.png", "2/b"), files("1/a.png", "x/2/b.png", "c.png"))).toEqual({
    pairs: { "a.png": "1/a.png", "2/b": "x/2/b.png" },
    lonelyLeft: [],
    lonelyRight: ["c.png"],
  });
});

test("a key with another folder is not about the image, and half a file name is no name", () => {
  expect(joined(keys("2/a.png", "x/c.png", "a.png"), files("1/xa.png", "3/a.jpg", "c.png")).pairs).toEqual({});
});

test("a name that fits two items is a config error that names them", () => {
  expect(() => joined(keys("a.png"), files("1/a.png", "2/a.png"))).toThrow(ConfigError);
  expect(() => joined(keys("a.png"), files("1/a.png", "2/a.png"))).toThrow(
    'the prompt "a.png" matches 2 images: "1/a.png", "2/a.png". Each name must match one: give the path below the folder, or rename.',
  );
  // Even where one of them has a key of its own: "a.png" could be meant for both.
  expect(() => joined(keys("1/a.png", "a.png"), files("1/a.png", "2/a.png"))).toThrow('"a.png" matches 2 images');
  expect(() => joined(keys("a.png", "a"), files("a.png"))).toThrow('the image "a.png" matches 2 prompts: "a.png", "a"');
  expect(() => joined(keys("a.png", "./a.png"), files("a.png"))).toThrow("matches 2 prompts");
  expect(() => joined(keys("a.png", "a"), files("1/a.png"))).toThrow("matches 2 prompts");
});

test("a bare name whose item has a key with its path is left over", () => {
  expect(joined(keys("1/a.png", "a.png"), files("1/a.png"))).toMatchObject({ pairs: { "1/a.png": "1/a.png" }, lonelyLeft: ["a.png"] });
});

test("two folders may both leave out folders, but what has a partner by its path is not taken again", () => {
  const either = { bare: "either" } as const;
  expect(joined(keys("1/a"), files("a.png"), either)).toMatchObject({ pairs: { "1/a": "a.png" } });
  expect(joined(keys("1/a", "2/a"), files("1/a.png", "2/a.png", "3/a.png"), either)).toMatchObject({ lonelyRight: ["3/a.png"] });
  expect(joined(keys("1/a"), files("a.png", "1/a.png"), either)).toMatchObject({ pairs: { "1/a": "1/a.png" }, lonelyRight: ["a.png"] });
  expect(joined(keys("1/a"), files("2/a.png"), either)).toMatchObject({ pairs: {} });
  expect(() => joined(keys("1/a", "2/a"), files("a.png"), either)).toThrow('the image "a.png" matches 2 prompts: "1/a", "2/a"');
  expect(() => joined(keys("2/1/a"), files("a.png", "1/a.png"), either)).toThrow('the prompt "2/1/a" matches 2 images');
});

test("names are compared in NFC, with either slash, and with endings of either case", () => {
  const nfd = "se\u0301rie/cha\u0302t.PNG";
  expect(joined(keys("s\u00e9rie\\ch\u00e2t.png"), files(nfd)).pairs).toEqual({ "s\u00e9rie\\ch\u00e2t.png": nfd });
  expect(canonicalName(".\\a//b.TIFF")).toBe("a/b.tiff");
  expect(canonicalName("A.v2")).toBe("A.v2");
  for (const { join } of [posix, win32]) expect(canonicalName(join("sub", "deep", "a.png"))).toBe("sub/deep/a.png");
});

test("what has no partner is named with the closest name, a few of them", () => {
  const right = files("heart.png", "lung.png");
  expect(lonelyMessage(["hart.png"], keys(), right)).toBe(
    '1 prompt without an image of that name: "hart.png" (the closest is "heart.png")',
  );
  expect(lonelyMessage(["a", "b", "c", "d", "e", "f", "g"], keys(), files())).toBe(
    '7 prompts without an image of that name: "a", "b", "c", "d", "e" and 2 more',
  );
  expect(lonelyMessage([], keys(), right)).toBeUndefined();
});

test("the order of the items does not matter", () => {
  const name = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const names = fc.uniqueArray(name, { maxLength: 6 });
  const outcome = (left: string[], right: string[]) => {
    try {
      return [...joinByName(keys(...left), keys(...right), { bare: "either" }).rightOf].sort();
    } catch (error) {
      return (error as ConfigError).code;
    }
  };
  fc.assert(
    fc.property(names, names, (left, right) => {
      expect(outcome([...left].reverse(), [...right].reverse())).toEqual(outcome(left, right));
    }),
  );
});
