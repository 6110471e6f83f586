import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inert, unpickle } from "./_pickle.ts";

const globals = { "a.make": (...args: unknown[]) => ["made", ...args], "a.constant": "constant" };

function load(bytes: Uint8Array): unknown {
  const fail = (what: string): never => {
    throw new TypeError(what);
  };
  return unpickle(bytes, { globals, persistent: (id) => ({ id }), fail });
}

/** A pickle written as text, one byte a character. */
const pickle = (text: string): Uint8Array => Buffer.from(text, "latin1");

// Written by Python: pickle.dumps({"a": [1, -2, 70000, 2**40, 2**70, 0.5], "b": (None, True, False), "c": {"d": "ü"}}, p).hex()
const byPython = {
  2: "80027d71002858010000006171015d7102284b014afeffffff4a701101008a060000000000018a09000000000000000040473fe00000000000006558010000006271034e888987710458010000006371057d710658010000006471075802000000c3bc710873752e",
  3: "80037d71002858010000006171015d7102284b014afeffffff4a701101008a060000000000018a09000000000000000040473fe00000000000006558010000006271034e888987710458010000006371057d710658010000006471075802000000c3bc710873752e",
  4: "8004954e000000000000007d94288c0161945d94284b014afeffffff4a701101008a060000000000018a09000000000000000040473fe0000000000000658c0162944e888987948c0163947d948c0164948c02c3bc9473752e",
  5: "8005954e000000000000007d94288c0161945d94284b014afeffffff4a701101008a060000000000018a09000000000000000040473fe0000000000000658c0162944e888987948c0163947d948c0164948c02c3bc9473752e",
};

test.each(Object.entries(byPython))("plain data of protocol %s is read", (_, hex) => {
  expect(load(Buffer.from(hex, "hex"))).toEqual(
    new Map<string, unknown>([
      ["a", [1, -2, 70000, 2 ** 40, 2n ** 70n, 0.5]],
      ["b", [null, true, false]],
      ["c", new Map([["d", "ü"]])],
    ]),
  );
});

test("an allowed function is called with its arguments, and an allowed constant is named", () => {
  expect(load(pickle("\x80\x02ca\nmake\nca\nconstant\nK\x07\x86R."))).toEqual(["made", "constant", 7]);
});

test("bytes stay bytes", () => {
  expect(load(pickle("\x80\x03C\x02\xffx."))).toEqual(Buffer.of(0xff, 0x78));
});

test("a persistent id is resolved", () => {
  expect(load(pickle("\x80\x02X\x03\x00\x00\x00keyQ."))).toEqual({ id: "key" });
});

test("a value that is named again is the same value", () => {
  const [first, second] = load(pickle("\x80\x02]q\x00h\x00\x86.")) as [unknown, unknown];
  expect(first).toBe(second);
});

test("the attributes of a dictionary are left out", () => {
  expect(load(pickle("\x80\x02}}X\x01\x00\x00\x00vK\x01sb."))).toEqual(new Map());
});

describe("what is not allowed is refused by name, and nothing is run", () => {
  const cases: [string, string, string | RegExp][] = [
    ["os.system", "\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.", /it asks Python for "posix.system".*Nothing was run/],
    ["eval, only named", "\x80\x02c__builtin__\neval\n.", '"__builtin__.eval"'],
    ["by the stack", "\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", '"builtins.exec"'],
    ["a module inside of one", "\x80\x02cmultiprocessing.util\nspawnv_passfds\n.", '"multiprocessing.util.spawnv_passfds"'],
    ["a constant called", "\x80\x02ca\nconstant\n)R.", "at byte 15: a value that is not a function is called"],
    ["a called text", "\x80\x02X\x01\x00\x00\x00a)R.", "a value that is not a function is called"],
    ["old instances", "\x80\x02(ia\nmake\n.", "at byte 3: unknown operation 0x69"],
    ["protocol 0", "I5\n.", "at byte 0: unknown operation 0x49"],
    ["protocol 6", "\x80\x06N.", "protocol 6, expected 2 to 5"],
    ["extensions", "\x80\x02\x82\x01.", "unknown operation 0x82"],
    ["a global that is no text", "\x80\x04]]\x93.", "the name of a global is not a string"],
    ["attributes of a list", "\x80\x02]]b.", "attributes are set on a value that is not a dictionary"],
  ];
  test.each(cases)("%s", (_, text, message) => {
    expect(() => load(pickle(text))).toThrow(message);
  });
});

test.each([
  ["a class", "cargparse\nNamespace\n", "argparse.Namespace"],
  ["an object with attributes", "cargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sb", "argparse.Namespace"],
  ["what a function gives", "cpathlib\nPosixPath\nX\x01\x00\x00\x00a\x85R", "pathlib.PosixPath"],
  ["a dictionary of its own class", "ca\nDict\n)RNNs(NNNNu", "a.Dict"],
  ["a list of its own class", "ca\nList\n)RNa(NNe", "a.List"],
  ["a new object with named arguments", "ca\nB\n)}\x92", "a.B"],
  ["a name of every object", "ca\nconstructor\n", "a.constructor"],
  ["a path through the prototype", "c__proto__\ntoString\n", "__proto__.toString"],
])("%s that is not known stands for its name alone", (_, text, path) => {
  expect(load(pickle(`\x80\x04${text}.`))).toEqual(new Inert(path));
});

test("sets are lists", () => {
  expect(load(pickle("\x80\x04\x8f(K\x01K\x02\x90."))).toEqual([1, 2]);
  expect(load(pickle("\x80\x04(K\x01K\x02\x91."))).toEqual([1, 2]);
});

describe("a damaged pickle is refused with the position", () => {
  const cases: [string, string, string][] = [
    ["cut in a text", "\x80\x02X\x10\x00\x00\x00abc", "at byte 2: it ends early, 16 bytes are needed and 3 are left"],
    ["cut before the end", "\x80\x02N", "at byte 3: it ends early"],
    ["a line without end", "\x80\x02cposix", "a line does not end"],
    ["bytes after the end", "\x80\x02N.N", "at byte 3: 1 bytes follow the end"],
    ["two results", "\x80\x02NN.", "values are left over at the end"],
    ["no result", "\x80\x02.", "there is no value to take"],
    ["a mark missing", "\x80\x02Nt.", "a mark is missing"],
    ["unknown memo", "\x80\x02h\x05.", "value 5 is used before it is made"],
    ["items of no dictionary", "\x80\x02]NNs.", "items are set in a value that is not a dictionary"],
    ["odd number of items", "\x80\x02}(Nu.", "items are set in a value that is not a dictionary"],
    ["items of no list", "\x80\x02}Na.", "items are appended to a value that is not a list"],
    ["huge integer", `\x80\x02\x8b${"\xff\xff\xff\x00"}.`, "an integer of 16777215 bytes"],
    ["huge text", "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "it ends early"],
    ["a thousand arguments", `\x80\x02ca\nmake\n(${"N".repeat(1000)}tR.`, "with invalid or too many arguments"],
  ];
  test.each(cases)("%s", (_, text, message) => {
    expect(() => load(pickle(text))).toThrow(message);
  });

  test("any bytes give a value or an error of ours", () => {
    const operations = fc.constantFrom(..."()N]}.0122KhqtasuleRbQcX\x81\x8f\x90\x91\x92\x85\x86\x87\x88\x93\x94\x00\x01a\n");
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 40 }), (letters) => {
        try {
          load(pickle(`\x80\x04${letters.join("")}`));
        } catch (error) {
          expect((error as Error).message).toMatch(/its pickle is not valid at byte|it asks Python for/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
