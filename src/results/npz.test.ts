import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { decodeNpy, encodeNpy, readNpy, writeNpy } from "./npy.ts";
import { decodeNpz, encodeNpz, readNpz, writeNpz } from "./npz.ts";

const folder = await mkdtemp(join(tmpdir(), "npz-"));
afterAll(() => rm(folder, { recursive: true }));

// numpy.save of array([[1, 2], [3, 4]], "<i2"), as NumPy writes it: 6 bytes of magic, version 1.0, the header's 118 bytes, the elements.
const saved = Buffer.concat([
  Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
  Buffer.from(`${"{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }".padEnd(117)}\n`, "latin1"),
  Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]),
]);

test("an array has the bytes that numpy.save writes", () => {
  expect(Buffer.from(encodeNpy(tensor("int16", [2, 2], Int16Array.of(1, 2, 3, 4))))).toEqual(saved);
});

test("arrays in Fortran order are read by rows", async () => {
  const bytes = Buffer.from(
    saved.toString("latin1").replace("False", "True ").replace("(2, 2)", "(4, 1)").replace("'<i2'", "'<u2'"),
    "latin1",
  );
  expect(await decodeNpy({ name: "a.npy", bytes })).toEqual(tensor("uint16", [4, 1], Uint16Array.of(1, 2, 3, 4)));
  const square = Buffer.from(saved.toString("latin1").replace("False", "True "), "latin1");
  expect((await decodeNpy({ name: "a.npy", bytes: square })).data).toEqual(Int16Array.of(1, 3, 2, 4));
});

test("arrays of any type and shape are read as they were written, equal ones as equal bytes", async () => {
  const arrays = {
    probabilities: tensor("float32", [2, 1, 1, 3], Float32Array.of(0.25, 1, 0, 0.75, 0, 1)),
    scalar: tensor("float64", [], Float64Array.of(Math.PI)),
    "größe 1": tensor("int64", [2], BigInt64Array.of(-1n, 2n ** 40n)),
    flags: tensor("bool", [3], Uint8Array.of(1, 0, 1)),
    none: tensor("uint8", [0, 4], new Uint8Array(0)),
  };
  for (const compress of [true, false]) {
    const file = join(folder, `${compress}.npz`);
    await writeNpz(file, arrays, { compress });
    expect(Object.fromEntries(await readNpz(file))).toEqual(arrays);
    expect(await readFile(file)).toEqual(Buffer.from(await encodeNpz(arrays, { compress })));
  }
  await writeNpy(join(folder, "one.npy"), arrays.probabilities);
  expect(await readNpy(join(folder, "one.npy"))).toEqual(arrays.probabilities);
});

test("any float32 values survive", async () => {
  await fc.assert(
    fc.asyncProperty(fc.float32Array(), async (data) => {
      const array = tensor("float32", [data.length], data);
      expect((await decodeNpz({ name: "a.npz", bytes: await encodeNpz({ array }) })).get("array")).toEqual(array);
    }),
  );
});

test("what cannot be read is named, with the reason", async () => {
  const text = saved.toString("latin1");
  const read = (changed: string) => decodeNpy({ name: "a.npy", bytes: Buffer.from(changed, "latin1") });
  await expect(read(text.replace("'<i2'", "'|O' "))).rejects.toThrow(
    /"a.npy" holds elements of type \|O, which are not read.+without Python objects/,
  );
  await expect(read(text.replace("'<i2'", "'>i2'"))).rejects.toThrow(/of type >i2/);
  await expect(read(text.slice(0, -1))).rejects.toThrow(/\[2,2\] of int16 needs 8 bytes, 7 are there/);
  await expect(read(text.slice(0, 40))).rejects.toThrow(/cut short/);
  await expect(read("PK")).rejects.toThrow(/no .npy file/);
  expect(() => encodeNpy(tensor("bfloat16", [1], Uint16Array.of(1)))).toThrow(/cannot hold bfloat16/);
});

test("a damaged archive is named", async () => {
  const good = Buffer.from(await encodeNpz({ a: tensor("uint8", [4], Uint8Array.of(1, 2, 3, 4)) }, { compress: false }));
  const at = good.indexOf(Buffer.from([1, 2, 3, 4]));
  const flipped = Buffer.from(good);
  flipped[at] = 9;
  await expect(decodeNpz({ name: "a.npz", bytes: flipped })).rejects.toThrow(/"a.npz\/a.npy" is damaged/);
  await expect(decodeNpz({ name: "a.npz", bytes: good.subarray(0, at) })).rejects.toThrow(/"a.npz" cannot be read as .npz/);
  const packed = Buffer.from(await encodeNpz({ a: tensor("uint8", [4], Uint8Array.of(1, 2, 3, 4)) }));
  packed.set(deflateRawSync(Buffer.from("x")), 30 + "a.npy".length);
  await expect(decodeNpz({ name: "a.npz", bytes: packed })).rejects.toThrow(/does not inflate to its 132 bytes/);
});
