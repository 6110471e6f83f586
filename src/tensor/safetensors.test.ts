import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSafetensors, readSafetensors, writeSafetensors, writeSafetensorsStream } from "./safetensors.ts";
import { readTensor } from "./stored-tensor.ts";
import { bytesOf, type DType, fromBytes, sizeOf, tensor } from "./tensor.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

const float32 = (...values: number[]) => tensor("float32", [values.length], new Float32Array(values));

/** The bytes of a safetensors file with this header, whatever it says, and `dataBytes` bytes of data. */
function fileWith(header: unknown, dataBytes = 0): Uint8Array {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(Buffer.byteLength(json)), true);
  return Buffer.concat([length, Buffer.from(json), new Uint8Array(dataBytes)]);
}

const dtypes: DType[] = [
  ...(["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16"] as const),
  ...(["int8", "uint64", "uint32", "uint16", "uint8", "bool"] as const),
];
const anyTensor = fc.tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 4 }), { maxLength: 3 })).chain(([dtype, shape]) => {
  const length = sizeOf(shape) * bytesOf(dtype);
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => fromBytes(dtype, shape, bytes.slice()));
});
const anyName = fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__");

test("what is written is read back, in memory and from the file, bit for bit", async () => {
  const file = join(folder, "round.safetensors");
  const bits = (data: ArrayBufferView) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");
  await fc.assert(
    fc.asyncProperty(fc.dictionary(anyName, anyTensor), fc.dictionary(anyName, anyName), async (tensors, metadata) => {
      await writeSafetensors(file, tensors, metadata);
      const small = await readSafetensors(file);
      const opened = await openSafetensors(file);
      expect(small.metadata).toEqual({ ...metadata });
      expect(opened.metadata).toEqual({ ...metadata });
      expect(new Set(small.tensors.keys())).toEqual(new Set(Object.keys(tensors)));
      for (const [name, expected] of Object.entries(tensors)) {
        for (const actual of [small.tensors.get(name)!, await readTensor(opened.tensors.get(name)!)]) {
          expect([actual.dtype, actual.shape, bits(actual.data)]).toEqual([expected.dtype, expected.shape, bits(expected.data)]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("the order in which tensors are given does not matter to the bytes, and all are aligned to their elements", async () => {
  const a = join(folder, "a.safetensors");
  const b = join(folder, "b.safetensors");
  const [x, y, z] = [tensor("uint8", [3], Uint8Array.of(1, 2, 3)), tensor("float64", [1], Float64Array.of(4)), float32(5)];
  await writeSafetensors(a, { x, y, z, "10": x, "9": z }, { b: "2", a: "1" });
  await writeSafetensors(b, { z, "9": z, y, x, "10": x }, { a: "1", b: "2" });
  expect(await readFile(a)).toEqual(await readFile(b));
  const { tensors } = await openSafetensors(a);
  expect([...tensors.keys()].sort()).toEqual(["10", "9", "x", "y", "z"]);
  for (const stored of tensors.values()) expect(stored.offset % bytesOf(stored.dtype)).toBe(0);
});

test("a large tensor is written in pieces", async () => {
  const file = join(folder, "pieces.safetensors");
  const entries = [
    { name: "one", dtype: "float32", shape: [4] },
    { name: "two", dtype: "int64", shape: [1] },
  ] as const;
  async function* pieces() {
    yield new Float32Array([1, 2]);
    yield new Float32Array([3, 4]);
  }
  await writeSafetensorsStream(file, entries, ({ name }) => (name === "one" ? pieces() : BigInt64Array.of(7n)), { seed: "1" });
  const { tensors, metadata } = await readSafetensors(file);
  expect(tensors.get("one")!.data).toEqual(new Float32Array([1, 2, 3, 4]));
  expect(tensors.get("two")!.data).toEqual(BigInt64Array.of(7n));
  expect(metadata).toEqual({ seed: "1" });
});

test("when the data cannot be made, the older file stays and nothing half-written is left", async () => {
  const inner = await mkdtemp(join(folder, "atomic-"));
  const file = join(inner, "w.safetensors");
  await writeSafetensors(file, { x: float32(1) });
  const entries = [{ name: "x", dtype: "float32", shape: [2] }] as const;
  const stop = () => {
    throw new Error("stopped");
  };
  await expect(writeSafetensorsStream(file, entries, stop)).rejects.toThrow("stopped");
  await expect(writeSafetensorsStream(file, entries, () => new Float32Array(3))).rejects.toThrow(
    'writeSafetensors: "x" (float32 [2]) needs 8 bytes, 12 were given',
  );
  expect(await readdir(inner)).toEqual(["w.safetensors"]);
  expect((await readSafetensors(file)).tensors.get("x")!.data).toEqual(new Float32Array([1]));
});

test("two tensors cannot share a name, nor take that of the metadata", async () => {
  const file = join(folder, "names.safetensors");
  const entry = { name: "x", dtype: "float32", shape: [] } as const;
  await expect(writeSafetensorsStream(file, [entry, entry], () => new Float32Array(1))).rejects.toThrow('the name "x" is taken');
  await expect(writeSafetensors(file, { __metadata__: float32(1) })).rejects.toThrow('the name "__metadata__" is taken');
});

test("a file beyond 4 GiB is opened by its header and read where asked", async () => {
  const file = join(folder, "large.safetensors");
  const big = 5 * 2 ** 30;
  const header = fileWith({
    big: { dtype: "U8", shape: [5, 2 ** 30], data_offsets: [0, big] },
    last: { dtype: "F32", shape: [2], data_offsets: [big, big + 8] },
  });
  const handle = await open(file, "w"); // sparse: only the header and the last tensor take space
  await handle.write(header, 0, header.length, 0);
  await handle.write(Buffer.from(new Float32Array([1.5, -2]).buffer), 0, 8, header.length + big);
  await handle.close();
  const { tensors } = await openSafetensors(file);
  expect(tensors.get("last")!.offset).toBe(header.length + big);
  expect((await readTensor(tensors.get("last")!)).data).toEqual(new Float32Array([1.5, -2]));
  await rm(file);
});

describe("a hostile or damaged file is refused by name", () => {
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({ dtype: "F32", shape, data_offsets: [begin, end] });
  const cases: [string, Uint8Array, RegExp | string][] = [
    ["no header", new Uint8Array(3), /has 3 bytes, the header alone needs more/],
    ["huge header", Buffer.alloc(64, 0xff), /claims 18446744073709552000 bytes, at most 100000000 are allowed/],
    ["header longer than the file", fileWith({}).subarray(0, 9), /claims 2 bytes, but the file has 9. Download it again/],
    ["not JSON", fileWith("{not json"), /its header is not JSON/],
    ["not UTF-8", Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), /its header is not JSON/],
    ["a list", fileWith([]), /header must be a JSON object/],
    ["a name twice", fileWith('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\\u0061":{}}', 4), /the name "a" occurs twice/],
    ["metadata of numbers", fileWith({ __metadata__: { epoch: 3 } }), /"__metadata__" must map names to strings/],
    ["an entry that is no object", fileWith({ a: 3 }), /tensor "a" must be described by an object, got 3/],
    [
      "8-bit floats",
      fileWith({ a: { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] } }, 4),
      /dtype "F8_E4M3".*Convert it to F16 or F32/,
    ],
    ["a name every object has", fileWith({ a: { dtype: "toString", shape: [4], data_offsets: [0, 4] } }, 4), /dtype "toString"/],
    ["a negative length", fileWith({ a: f32(0, 4, [-1]) }, 4), /shape \[-1\], expected a list of lengths/],
    ["a size beyond all bounds", fileWith({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /expected a list of lengths/],
    ["one offset", fileWith({ a: { dtype: "F32", shape: [1], data_offsets: [4] } }, 4), /data_offsets \[4\], expected \[begin, end\]/],
    ["another size", fileWith({ a: f32(0, 4, [2]) }, 4), /tensor "a" \(F32 \[2\]\) needs 8 bytes, but data_offsets \[0,4\] hold 4/],
    ["offsets reversed", fileWith({ a: f32(4, 0, [1]) }, 4), /hold -4/],
    [
      "overlap",
      fileWith({ a: f32(0, 8), b: f32(4, 12) }, 12),
      /tensor "b" overlaps another tensor: it begins at byte 4 of the data, expected 8/,
    ],
    ["gap", fileWith({ a: f32(0, 8), b: f32(12, 16) }, 16), /tensor "b" leaves a gap before it/],
    ["truncated data", fileWith({ a: f32(0, 8) }, 7), /it is incomplete. Download it again/],
    ["bytes of no tensor", fileWith({ a: f32(0, 8) }, 9), /the rest belongs to no tensor/],
  ];
  test.each(cases)("%s", async (_, bytes, message) => {
    const file = join(folder, "hostile.safetensors");
    await writeFile(file, bytes);
    await expect(openSafetensors(file)).rejects.toThrow(message);
    await expect(openSafetensors(file)).rejects.toMatchObject({ code: "weights", message: expect.stringContaining(`"${file}"`) });
    await expect(readSafetensors(bytes)).rejects.toThrow(message);
  });

  test("any damage to one byte of a header gives a weights error or a file that still holds together", async () => {
    const whole = fileWith({ __metadata__: { a: "b" }, x: f32(0, 8), y: f32(8, 12) }, 12);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 13 }), fc.nat({ max: 255 }), async (position, byte) => {
        const damaged = Uint8Array.from(whole);
        damaged[position] = byte;
        await readSafetensors(damaged).catch((error) => expect(error).toMatchObject({ code: "weights" }));
      }),
      { numRuns: 500 },
    );
  });
});

test("names that objects inherit are names like others", async () => {
  const bytes = fileWith(
    '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}',
    1,
  );
  expect([...(await readSafetensors(bytes)).tensors.keys()]).toEqual(["__proto__", "constructor"]);
});
