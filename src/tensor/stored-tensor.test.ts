import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromFloat32, isContiguous, readTensor, reshaped, rowsOf, type StoredTensor, storedTensor, toFloat32 } from "./stored-tensor.ts";
import { stridesOf, tensor } from "./tensor.ts";

let folder: string;
let file: string;

/** The float32 numbers 0 to 23 after 4 bytes of something else. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stored-tensor-"));
  file = join(folder, "numbers.bin");
  const numbers = Float32Array.from({ length: 24 }, (_, i) => i);
  await writeFile(file, Buffer.concat([Buffer.from("head"), Buffer.from(numbers.buffer)]));
});
afterAll(() => rm(folder, { recursive: true }));

const stored = (shape: number[], strides?: number[], first = 0): StoredTensor =>
  storedTensor(file, 4 + 4 * first, "float32", shape, strides);
const valuesOf = async (view: StoredTensor): Promise<number[]> => [...toFloat32(await readTensor(view))];

test("a contiguous tensor is read from its offset", async () => {
  const read = await readTensor(stored([2, 3], undefined, 6));
  expect(read).toEqual({ dtype: "float32", shape: [2, 3], data: new Float32Array([6, 7, 8, 9, 10, 11]) });
});

// The numbers 0 to 5 as [2, 3] are 0 1 2 / 3 4 5.
test.each([
  ["transposed", [3, 2], [1, 3], [0, 3, 1, 4, 2, 5]],
  ["every second column", [2, 2], [3, 2], [0, 2, 3, 5]],
  ["one column", [2], [3], [0, 3]],
  ["expanded", [2, 3], [0, 0], [0, 0, 0, 0, 0, 0]],
  ["rows repeated", [2, 3], [0, 1], [0, 1, 2, 0, 1, 2]],
  ["scalar", [], [], [0]],
  ["empty", [0, 4], [4, 1], []],
])("a view is gathered in logical order: %s", async (_, shape, strides, expected) => {
  expect(await valuesOf(stored(shape, strides))).toEqual(expected);
});

test("permuting the axes of a view permutes its values", async () => {
  const permutations = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
  await fc.assert(
    fc.asyncProperty(permutations, async (order) => {
      const shape = [2, 3, 4];
      const strides = stridesOf(shape);
      const [a, b, c] = order.map((axis) => shape[axis]!) as [number, number, number];
      const [sa, sb, sc] = order.map((axis) => strides[axis]!) as [number, number, number];
      const expected: number[] = [];
      for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) expected.push(i * sa + j * sb + k * sc);
      expect(await valuesOf(stored([a, b, c], [sa, sb, sc]))).toEqual(expected);
    }),
  );
});

test("strides that say nothing new are dropped, those of an axis of length 1 too", () => {
  expect(stored([2, 1, 3], [3, 77, 1])).toEqual({ file, offset: 4, byteLength: 24, dtype: "float32", shape: [2, 1, 3] });
  expect(isContiguous(stored([2, 3], [3, 1]))).toBe(true);
  expect(isContiguous(stored([3, 2], [1, 3]))).toBe(false);
});

test("the bytes of a view end with its last element", () => {
  expect(stored([2, 2], [3, 2]).byteLength).toBe(4 * 6);
  expect(stored([5, 5], [0, 0]).byteLength).toBe(4);
});

test("rows of a tensor point into the same bytes", async () => {
  const rows = rowsOf(stored([6, 4]), 2, 3);
  expect(rows).toEqual({ file, offset: 4 + 2 * 16, byteLength: 48, dtype: "float32", shape: [3, 4] });
  expect(await valuesOf(rows)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

test("rows that are not there are refused", () => {
  expect(() => rowsOf(stored([6, 4]), 4, 3)).toThrow("rowsOf: rows 4 to 7 are not within [6,4]");
  expect(() => rowsOf(stored([]), 0, 1)).toThrow(/at least one axis is needed, got the shape \[\]/);
  expect(() => rowsOf(stored([3, 2], [1, 3]), 0, 1)).toThrow(/a view of shape \[3,2\] and strides \[1,3\]/);
});

test("a contiguous tensor takes any shape of its size", async () => {
  expect(await valuesOf(reshaped(stored([2, 3]), [3, 1, 2]))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(() => reshaped(stored([2, 3]), [4])).toThrow("reshaped: [2,3] has 6 elements, [4] has 4");
  expect(() => reshaped(stored([3, 2], [1, 3]), [6])).toThrow(/contiguous/);
});

test("a file that ends before the tensor is called incomplete", async () => {
  await expect(readTensor(stored([25]))).rejects.toThrow(
    `"${file}" is incomplete: bytes 4 to 104 are needed, but it ends at byte 100. Download or copy it again.`,
  );
});

test("a missing file and a folder are named", async () => {
  const at = (path: string) => readTensor({ ...stored([2]), file: path });
  await expect(at(join(folder, "absent.bin"))).rejects.toThrow(/absent.bin" does not exist/);
  await expect(at(folder)).rejects.toThrow(/is a folder or device, expected a file of weights/);
});

// Worked by hand: 0x3C00 = 1, 0x0001 = 2^-24, 0x03FF = the largest subnormal, 0x0400 = 2^-14, 0x7BFF = 65504, 0x3555 ~ 1/3.
test("float16 is converted exactly, subnormals, infinities and NaN too", () => {
  const bits = [0x3c00, 0xbc00, 0x0000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x3555, 0x7c00, 0xfc00, 0x7e00];
  const values = toFloat32(tensor("float16", [bits.length], Uint16Array.from(bits)));
  expect([...values]).toEqual([1, -1, 0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, 0.333251953125, Infinity, -Infinity, NaN]);
  expect(Object.is(toFloat32(tensor("float16", [1], Uint16Array.of(0x8000)))[0], -0)).toBe(true);
});

test("bfloat16 is converted exactly: it is the upper half of a float32", () => {
  const bits = [0x3f80, 0xc000, 0x0001, 0x7f80, 0xff80, 0x7fc0, 0x3eab];
  const values = toFloat32(tensor("bfloat16", [bits.length], Uint16Array.from(bits)));
  expect([...values]).toEqual([1, -2, 2 ** -133, Infinity, -Infinity, NaN, 0.333984375]);
});

test("other element types become float32 values", () => {
  expect([...toFloat32(tensor("int64", [3], BigInt64Array.of(-3n, 0n, 16777216n)))]).toEqual([-3, 0, 16777216]);
  expect([...toFloat32(tensor("uint8", [2], Uint8Array.of(0, 255)))]).toEqual([0, 255]);
  expect([...toFloat32(tensor("bool", [2], Uint8Array.of(0, 1)))]).toEqual([0, 1]);
  expect([...toFloat32(tensor("float64", [3], Float64Array.of(0.1, 1e300, 2 ** -149)))]).toEqual([Math.fround(0.1), Infinity, 2 ** -149]);
});

test("float32 is not copied", () => {
  const data = new Float32Array([1, 2]);
  expect(toFloat32(tensor("float32", [2], data))).toBe(data);
});

describe("float32 as a narrower type", () => {
  const value = (x: number) => fromFloat32("float16", Float32Array.of(x))[0]!;

  test("every float16 comes back from float32 as it was", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0);
    expect(fromFloat32("float16", toFloat32({ dtype: "float16", shape: [all.length], data: all }))).toEqual(all);
  });

  test("float16 rounds half to even, overflows to infinity and underflows to zero", () => {
    expect(value(1 + 2 ** -11)).toBe(0x3c00); // between 1 and 1 + 2⁻¹⁰: 1 is even
    expect(value(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(value(65519)).toBe(0x7bff);
    expect(value(65520)).toBe(0x7c00);
    expect(value(-1e9)).toBe(0xfc00);
    expect(value(2 ** -25)).toBe(0); // half of the smallest: to even
    expect(value(1.5 * 2 ** -25)).toBe(1);
    expect(value(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });

  test("bfloat16 keeps the upper half, rounded half to even", () => {
    const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -2.5);
    expect([...fromFloat32("bfloat16", values)]).toEqual([0x3f80, 0x3f80, 0x3f82, 0xc020]);
  });

  test("an integer type is refused", () => {
    expect(() => fromFloat32("int32", Float32Array.of(1))).toThrow("int32 is not a floating-point type");
  });
});
