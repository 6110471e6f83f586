import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type ValueInfoProto } from "onnx-buf";
import { afterAll, describe, expect, test } from "vitest";
import { openSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import { rowsOf } from "../tensor/stored-tensor.ts";
import { tensor } from "../tensor/tensor.ts";
import {
  add,
  cast,
  compile,
  constant,
  exp,
  flopsOf,
  gather,
  gemm,
  input,
  loop,
  mul,
  reduceSum,
  scalar,
  serialise,
  softmax,
  stored,
  substitute,
  type Value,
} from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));

const vector = (...numbers: number[]) => tensor("float32", [numbers.length], Float32Array.from(numbers));

/** The same bytes through an independent reader of ONNX files. */
const decode = (outputs: Record<string, Value>) => fromBinary(ModelProtoSchema, serialise(outputs)).graph!;

const lengthsOf = ({ type }: ValueInfoProto) => {
  if (type?.value.case !== "tensorType") throw new Error("not a tensor");
  return type.value.value.shape!.dim.map(({ value }) => Number(value.value));
};

test("a model decodes with an independent reader to the nodes, names and shapes that were written", () => {
  const x = input("x", "float32", [2, 3]);
  const graph = decode({ y: softmax(add(x, 1)) });
  expect(graph.node.map(({ opType }) => opType)).toEqual(["Add", "Softmax", "Identity"]);
  expect(graph.input.map(({ name }) => name)).toEqual(["x"]);
  expect(lengthsOf(graph.input[0]!)).toEqual([2, 3]);
  expect(graph.output.map(({ name }) => name)).toEqual(["output:y"]);
});

test("nodes that no output depends on are not written", () => {
  const x = input("x", "float32", [2]);
  exp(x);
  expect(decode({ y: add(x, 1) }).node.map(({ opType }) => opType)).not.toContain("Exp");
});

test("a loop counts the operations of its body for each step, and what it captures once", () => {
  const [a, b] = [input("a", "float32", [2, 2]), input("b", "float32", [2, 2])];
  const product = gemm(a, b); // 2 · 2 · 2 · 2 operations
  const { last } = loop(5, [a], (_, [x]) => ({
    next: [loop(3, [x!], (_, [y]) => ({ next: [gemm(add(y!, product), b)] })).last[0]!],
  }));
  expect(flopsOf(last)).toBe(16 + 5 * 3 * 16);
});

test("equal constants are written once, and shapes [] and [1] are kept apart", () => {
  const x = input("x", "float32", [1]);
  const graph = decode({ y: mul(add(x, 2), 2), z: add(x, constant(vector(2))) });
  expect(graph.initializer.map(({ dims }) => dims.length).sort()).toEqual([0, 1]);
});

test("two inputs of one name are refused", () => {
  const sum = add(input("x", "float32", [2]), input("x", "float32", [2]));
  expect(() => serialise({ sum })).toThrow('two different inputs are called "x"');
});

test("stored tensors stay in their file: the model holds file, offset and length, and computes with the file's numbers", async () => {
  const file = join(folder, "weights.safetensors");
  await writeSafetensors(file, { w: tensor("float32", [4, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)) });
  const weights = (await openSafetensors(file)).tensors.get("w")!;
  const lastRows = stored(rowsOf(weights, 2, 2));
  const y = gemm(input("x", "float32", [1, 2]), lastRows, { transB: true });
  const [initializer] = decode({ y }).initializer;
  expect(initializer!.rawData).toHaveLength(0);
  expect(initializer!.externalData.map(({ key }) => key)).toEqual(["location", "offset", "length"]);
  const session = await compile({ y });
  const run = await session.run({ x: tensor("float32", [1, 2], Float32Array.of(1, 10)) });
  expect([...run.y!.data]).toEqual([65, 87]); // (5, 6)·(1, 10) and (7, 8)·(1, 10)
  await session.dispose();
});

test("what does not depend on the iteration is computed outside the loop", () => {
  const x = input("x", "float32", [3]);
  const { last } = loop(5, [scalar(0)], (_, [sum]) => ({ next: [add(sum!, gather(exp(x), scalar(1, "int64")))] }));
  const outer = decode({ y: last[0]! }).node;
  expect(outer.map(({ opType }) => opType)).toContain("Exp");
  const body = outer.find(({ opType }) => opType === "Loop")!.attribute[0]!.g!;
  expect(body.node.map(({ opType }) => opType)).not.toContain("Exp");
});

test("loops nest, and an inner body reads the values of the outer one", async () => {
  // Σ_{i<3} Σ_{j<2} (i + x) with x = 10: 2·(10 + 11 + 12)
  const x = input("x", "int64", []);
  const { last } = loop(3, [scalar(0, "int64")], (i, [outer]) => {
    const inner = loop(2, [outer!], (_, [sum]) => ({ next: [add(sum!, add(i, x))] }));
    return { next: [inner.last[0]!] };
  });
  const session = await compile({ y: last[0]! });
  const { y } = await session.run({ x: tensor("int64", [], BigInt64Array.of(10n)) });
  expect(y!.data[0]).toBe(66n);
});

test("a graph is cut at a named intermediate by substituting it", async () => {
  const x = input("x", "float32", [2]);
  const middle = exp(x);
  const end = add(mul(middle, 2), 1);
  const other = input("other", "float32", [2]);
  const [cut] = substitute([end], new Map([[middle, other]])) as [Value];
  const session = await compile({ y: cut });
  const { y } = await session.run({ other: vector(3, 4) });
  expect([...y!.data]).toEqual([7, 9]);
});

describe("a loop that reads the intermediate is built anew", () => {
  const x = input("x", "float32", [2]);
  const middle = exp(x);
  const other = input("other", "float32", [2]);
  const cutAt = async (end: Value) => {
    const [cut] = substitute([end], new Map([[middle, other]])) as [Value];
    const session = await compile({ y: cut });
    const { y } = await session.run({ other: vector(3, 4) });
    await session.dispose();
    return [...y!.data];
  };

  test("as its start", async () => {
    expect(await cutAt(loop(2, [middle], (_, [value]) => ({ next: [mul(value!, 2)] })).last[0]!)).toEqual([12, 16]);
  });

  test("in its body, directly or computed further outside", async () => {
    const ones = constant(vector(1, 1));
    expect(await cutAt(loop(2, [ones], (_, [value]) => ({ next: [mul(value!, middle)] })).last[0]!)).toEqual([9, 16]);
    expect(await cutAt(loop(2, [ones], (_, [value]) => ({ next: [mul(value!, mul(middle, 2))] })).last[0]!)).toEqual([36, 64]);
  });

  test("in a loop within it, beside one that does not read it", async () => {
    const ones = constant(vector(1, 1));
    const { last, collected } = loop(2, [ones], (i, [value]) => {
      const twice = loop(2, [value!], (_, [inner]) => ({ next: [add(inner!, middle)] }));
      const constantInside = loop(2, [ones], (_, [inner]) => ({ next: [mul(inner!, 2)] }));
      return { next: [add(twice.last[0]!, constantInside.last[0]!)], collect: [i] };
    });
    expect(await cutAt(add(last[0]!, cast(reduceSum(collected[0]!), "float32")))).toEqual([1 + 4 * 3 + 8 + 1, 1 + 4 * 4 + 8 + 1]);
  });

  test("what no output depends on cannot be replaced", () => {
    expect(() => substitute([add(x, 1)], new Map([[middle, other]]))).toThrow("no output depends on Exp float32 [2]");
    const twin = input("x", "float32", [2]);
    expect(() => substitute([add(x, 1)], new Map([[twin, other]]))).toThrow('no output depends on input "x"');
  });

  test("but what exists only inside it cannot be replaced from outside", () => {
    let inside: Value | undefined;
    const { last } = loop(2, [x], (_, [value]) => {
      inside = exp(value!);
      return { next: [inside] };
    });
    expect(() => serialise({ inside: inside! })).toThrow('"inside" is Exp float32 [2] (2 elements), which exists only inside a loop');
    expect(() => substitute(last, new Map([[inside!, other]]))).toThrow(
      "cannot replace Exp float32 [2] (2 elements), which exists only inside a loop",
    );
  });
});

test("a missing feed is named", async () => {
  const session = await compile({ y: exp(input("x", "float32", [2])) });
  await expect(session.run({})).rejects.toThrow('no value was given for input "x"');
});
