import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import * as graph from "../../src/graph/index.ts";
import * as nn from "../../src/nn/index.ts";
import { builtCommand } from "../support/build.ts";

/** Values that are wrong for every argument. */
const nonsense: readonly unknown[] = [null, "?", true, {}, () => 1, Symbol("x"), 5n, new Date(0), Promise.resolve(1)];
const tensor = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) };
const notNumbers = [undefined, Number.NaN, [], ...nonsense];
const notOperands = [...notNumbers, tensor, { dtype: "float32", shape: [2, 3] }];
const notValues = [...notOperands, 7];
const notWhole = [...notNumbers, 1.5, Number.POSITIVE_INFINITY];
const notLists = [undefined, Number.NaN, 7, ...nonsense];
const notShapes = [...notLists, [-1], [-2, -3], [1.5], [Number.NaN], ["2"], [undefined], new Array(2), [2 ** 60], Int32Array.of(2, 3)];
const notPairs = [Number.NaN, ...nonsense, [], [1], [1, 1, 1], [1, "1"], 1.5, -1];
const notOptions = [null, 7, "?", true, [1], { unknown: 1 }];
const notFlags = [null, 0, 1, "yes", [], {}];

/** Calls that must fail, by the function's name: each wrong value in each place. */
type Calls = Readonly<Record<string, readonly (() => unknown)[]>>;
const each = (values: readonly unknown[], call: (value: never) => unknown) => values.map((value) => () => call(value as never));

function callsOf(api: typeof graph): Calls {
  const x = api.input("x", "float32", [2, 3]);
  const double = api.input("double", "float64", [2, 3]);
  const whole = api.input("whole", "int64", [2, 3]);
  const bool = api.input("bool", "bool", [2, 3]);
  const picture = api.input("picture", "float32", [1, 4, 6, 6]);
  const kernel = api.input("kernel", "float32", [4, 4, 3, 3]);
  const vector = api.input("vector", "float32", [3]);
  const wrongFloats = [...notValues, whole, bool];
  const two = (apply: (a: never, b: never) => unknown) => [
    ...each([...notOperands, double, bool, api.input("other", "float32", [2, 4])], (value) => apply(x as never, value)),
    ...each([...notOperands, double], (value) => apply(value, x as never)),
    ...each(notOperands, (value) => apply(1 as never, value)),
    () => apply(whole as never, 0.5 as never),
  ];
  const one = (apply: (x: never) => unknown) => each(wrongFloats, apply);
  const windows = (apply: (options: never) => unknown) => [
    ...each(notOptions, apply),
    ...each(
      [...notPairs, 0].filter((value) => value !== undefined),
      (stride) => apply({ stride } as never),
    ),
    ...each(
      notPairs.filter((value) => value !== undefined),
      (padding) => apply({ padding } as never),
    ),
  ];
  const convolutions = (apply: (x: never, kernel: never, options: never) => unknown) => [
    ...each([...wrongFloats, x], (value) => apply(value, kernel as never, {} as never)),
    ...each([...wrongFloats, vector], (value) => apply(picture as never, value, {} as never)),
    ...windows((options) => apply(picture as never, kernel as never, options)),
    ...each([3, 0, Number.NaN, ...nonsense], (groups) => apply(picture as never, kernel as never, { groups } as never)),
    ...each([0, ...nonsense, vector, double], (bias) => apply(picture as never, kernel as never, { bias } as never)),
    ...each([...notPairs, 0], (dilation) => apply(picture as never, kernel as never, { dilation } as never)),
  ];
  const inner = (): graph.Value => {
    let escaped: graph.Value = x;
    api.loop(2, [x], (_, [value]) => {
      escaped = api.add(value!, 1);
      return { next: [escaped] };
    });
    return escaped;
  };
  return {
    add: two(api.add),
    sub: two(api.sub),
    mul: two(api.mul),
    div: two(api.div),
    pow: two(api.pow),
    max: two(api.max),
    greaterOrEqual: two(api.greaterOrEqual),
    ...Object.fromEntries(
      (
        [
          "neg",
          "exp",
          "log",
          "sqrt",
          "reciprocal",
          "sin",
          "cos",
          "sigmoid",
          "tanh",
          "softplus",
          "erf",
          "relu",
          "gelu",
          "leakyRelu",
          "thresholdedRelu",
        ] as const
      ).map((name) => [name, one((value) => (name === "thresholdedRelu" ? api.thresholdedRelu(value, 0.5) : api[name](value)))]),
    ),
    "leakyRelu, slope": each([null, 2, -1, Number.NaN, ...nonsense], (slope) => api.leakyRelu(x, slope)),
    "thresholdedRelu, threshold": each([null, Number.NaN, Number.POSITIVE_INFINITY, ...nonsense], (threshold) =>
      api.thresholdedRelu(x, threshold),
    ),
    clip: [
      ...each([...notValues, bool], (value) => api.clip(value, 0, 1)),
      ...each([...notNumbers, 2], (low) => api.clip(x, low, 1)),
      ...each([...notNumbers, -1], (high) => api.clip(x, 0, high)),
    ],
    cast: [...each(notValues, (value) => api.cast(value, "float32")), ...each([...notNumbers, "float"], (dtype) => api.cast(x, dtype))],
    detach: each(notValues, api.detach),
    matmul: [
      ...each([...notValues, double, bool, vector, picture], (value) => api.matmul(x, value)),
      ...each(notValues, (value) => api.matmul(value, x)),
    ],
    gemm: [
      ...each([...notValues, double, whole, vector], (value) => api.gemm(x, value)),
      ...each([...notValues, whole], (value) => api.gemm(value, x)),
      ...each([...notOptions, { bias: 1 }, { bias: null }, { bias: vector }], (options) => api.gemm(x, api.transpose(x, [1, 0]), options)),
      ...each(notFlags, (transB) => api.gemm(x, x, { transB })),
    ],
    quantisedGemm: [
      ...each([...wrongFloats, double], (value) =>
        api.quantisedGemm(value, api.input("b", "int8", [3, 4]), api.input("s", "float32", [4])),
      ),
      ...each([...wrongFloats, x], (value) => api.quantisedGemm(x, value, vector)),
      ...each([...wrongFloats, x, double], (value) => api.quantisedGemm(x, api.input("b", "int8", [3, 4]), value)),
      ...each([null, "?", {}, picture], (value) =>
        api.quantisedGemm(x, api.input("b", "int8", [3, 4]), api.input("s", "float32", [4]), value),
      ),
    ],
    conv: convolutions(api.conv),
    convTranspose: [
      ...convolutions(api.convTranspose),
      ...each([...notPairs, 1], (outputPadding) => api.convTranspose(picture, kernel, { outputPadding })),
    ],
    maxPool: [
      ...each([...wrongFloats, x], (value) => api.maxPool(value, 2)),
      ...each([undefined, 0, 7, ...notPairs], (window) => api.maxPool(picture, window)),
      ...windows((options) => api.maxPool(picture, 2, options)),
    ],
    averagePool: [
      ...each([...wrongFloats, double, x], (value) => api.averagePool(value, 2)),
      ...each([undefined, 0, 7, ...notPairs], (window) => api.averagePool(picture, window)),
      ...windows((options) => api.averagePool(picture, 2, options)),
      ...each(notFlags, (countIncludePad) => api.averagePool(picture, 2, { countIncludePad })),
    ],
    resize: [
      ...each([...notValues, x, bool], (value) => api.resize(value, [2, 2], { mode: "nearest" })),
      ...each([undefined, [0, 1], ...notPairs], (size) => api.resize(picture, size, { mode: "nearest" })),
      ...each([undefined, ...notOptions, {}, { mode: "cubic" }], (options) => api.resize(picture, [2, 2], options)),
      ...each(notFlags, (alignCorners) => api.resize(picture, [2, 2], { mode: "bilinear", alignCorners })),
    ],
    softmax: [...one(api.softmax), ...each([...notWhole.slice(1), 2, -3], (axis) => api.softmax(x, axis))],
    logSumExp: [...one(api.logSumExp), ...each([...notWhole.slice(1), 2, -3], (axis) => api.logSumExp(x, axis))],
    layerNorm: [
      ...each([...wrongFloats, picture], (value) => api.layerNorm(value, vector, vector, 1e-5)),
      ...each([...notValues, x, whole], (value) => api.layerNorm(x, value, vector, 1e-5)),
      ...each([...notValues, x, whole], (value) => api.layerNorm(x, vector, value, 1e-5)),
      ...each([...notNumbers, -1], (epsilon) => api.layerNorm(x, vector, vector, epsilon)),
    ],
    instanceNorm: [
      ...each([...notValues, x], (value) => api.instanceNorm(value, vector, vector)),
      ...each([...notValues, vector], (value) => api.instanceNorm(picture, value, value)),
      ...each([null, -1, Number.NaN, ...nonsense], (epsilon) =>
        api.instanceNorm(picture, api.input("a", "float32", [4]), api.input("b", "float32", [4]), epsilon),
      ),
      ...each(notOptions, (options) =>
        api.instanceNorm(picture, api.input("a", "float32", [4]), api.input("b", "float32", [4]), 0, options),
      ),
      ...each(notFlags, (isForwardOnly) =>
        api.instanceNorm(picture, api.input("a", "float32", [4]), api.input("b", "float32", [4]), 0, { isForwardOnly }),
      ),
    ],
    reduceSum: [
      ...each([...notValues, bool], (value) => api.reduceSum(value)),
      ...each([...notLists.slice(1), [2], [0, 0], [1, -1], [0.5], ["0"], new Array(1)], (axes) => api.reduceSum(x, axes)),
      ...each(notOptions, (options) => api.reduceSum(x, [0], options)),
      ...each(notFlags, (keepDims) => api.reduceSum(x, [0], { keepDims })),
    ],
    reduceMean: [
      ...each([...notValues, bool], (value) => api.reduceMean(value)),
      ...each([[2], [0, 0], [0.5], "0", 0], (axes) => api.reduceMean(x, axes as never)),
      ...each(notOptions, (options) => api.reduceMean(x, [0], options)),
    ],
    reshape: [...each(notValues, (value) => api.reshape(value, [6])), ...each([...notShapes, [5]], (shape) => api.reshape(x, shape))],
    expand: [
      ...each(notValues, (value) => api.expand(value, [2, 3])),
      ...each([...notShapes, [3], [4, 3]], (shape) => api.expand(x, shape)),
    ],
    sumTo: [...each(notValues, (value) => api.sumTo(value, [3])), ...each([...notShapes, [2], [1, 2, 3]], (shape) => api.sumTo(x, shape))],
    transpose: [
      ...each(notValues, (value) => api.transpose(value, [1, 0])),
      ...each([...notShapes, [], [0], [0, 0], [1, 2], [0, 1, 2]], (order) => api.transpose(x, order)),
    ],
    swapLast: each([...notValues, vector], api.swapLast),
    concat: [
      ...each([...notLists, [], [1], [x, 1], [x, double], [x, picture]], (parts) => api.concat(parts, 0)),
      ...each([...notWhole, 2, -3], (axis) => api.concat([x], axis)),
    ],
    slice: [
      ...each(notValues, (value) => api.slice(value, 0, 0, 1)),
      ...each([...notWhole, 2], (axis) => api.slice(x, axis, 0, 1)),
      ...each([...notWhole, -1, 3], (start) => api.slice(x, 1, start, 3)),
      ...each([...notWhole, 4, 0], (end) => api.slice(x, 1, 0, end)),
      ...each([...notWhole.slice(1), 0, -1], (step) => api.slice(x, 1, 0, 3, step)),
    ],
    pad: [
      ...each(notValues, (value) => api.pad(value, [0, 0], [0, 0])),
      ...each([...notShapes, [0], [0, 0, 0]], (widths) => api.pad(x, widths, [0, 1])),
      ...each([...notShapes, [0]], (widths) => api.pad(x, [0, 1], widths)),
    ],
    crop: [
      ...each(notValues, (value) => api.crop(value, [0, 0], [1, 1])),
      ...each([...notShapes, [0], [2, 0]], (starts) => api.crop(x, starts, [1, 1])),
      ...each([...notShapes, [1], [3, 1]], (shape) => api.crop(x, [0, 0], shape)),
    ],
    gather: [
      ...each(notValues, (value) => api.gather(value, api.integers([0]))),
      ...each([...notValues, x, api.integers([2]), api.integers([-3])], (indices) => api.gather(x, indices)),
      ...each([...notWhole.slice(1), 2], (axis) => api.gather(x, api.integers([0]), axis)),
    ],
    scatterAdd: [
      ...each([...notValues, bool, x], (value) => api.scatterAdd(value, api.integers([0]), api.input("u", "float32", [1]))),
      ...each([...notValues, vector, api.integers([9]), api.integers([0, 1])], (rows) =>
        api.scatterAdd(vector, rows, api.input("u", "float32", [1])),
      ),
      ...each([...notValues, x, api.input("u", "float64", [1])], (updates) => api.scatterAdd(vector, api.integers([0]), updates)),
    ],
    loop: [
      ...each([...notWhole, -1, 0], (steps) => api.loop(steps, [x], (_, next) => ({ next }))),
      ...each([...notLists, [1]], (initial) => api.loop(2, initial, (_, next) => ({ next }))),
      ...each([undefined, 7, [], {}, "?"], (body) => api.loop(2, [x], body)),
      ...each(
        [undefined, ...nonsense, { next: x }, { next: [] }, { next: [x, x] }, { next: [double] }, { next: [x], collect: x }],
        (made) => api.loop(2, [x], () => made),
      ),
    ],
    gradients: [
      ...each([...notValues, x, api.integers([1])], (loss) => api.gradients(loss, [x])),
      ...each([...notLists, [1], [whole]], (wrt) => api.gradients(api.reduceSum(x), wrt)),
    ],
    pullback: [
      ...each([...notLists, [x], [[x]], [[x, 1]], [[x, double]]], (known) => api.pullback(known, [x])),
      ...each([...notLists, [1]], (wrt) => api.pullback([[x, x]], wrt)),
    ],
    substitute: [
      ...each([...notLists, [1]], (outputs) => api.substitute(outputs, new Map())),
      ...each([undefined, ...nonsense, [[x, x]], new Map([[x, 1]]), new Map([[1, x]]), new Map([[x, double]])], (replacements) =>
        api.substitute([api.neg(x)], replacements as never),
      ),
    ],
    flopsOf: each([...notLists, [1], x], api.flopsOf),
    serialise: each([undefined, ...nonsense, [], [x], x, { y: 1 }, { y: undefined }, { y: inner() }], api.serialise),
    exportOnnx: [
      ...each([undefined, ...nonsense, [], [x], x, { y: 1 }, { y: inner() }, { x }], (outputs) => api.exportOnnx(outputs)),
      ...each([null, 7, "?", [1], { metadata: { a: 1 } }, { freeAxes: { x: 1 } }, { freeAxes: { x: { a: "b" } } }], (options) =>
        api.exportOnnx({ y: api.add(x, 1) }, options),
      ),
    ],
    compile: [
      ...each([undefined, ...nonsense, [], [x], x, { y: 1 }, { y: inner() }], (outputs) => api.compile(outputs)),
      ...each([null, 7, "?", [1], { device: "gpu" }, { threads: 0 }, { threads: Number.NaN }, { prepack: 1 }], (options) =>
        api.compile({ x }, options),
      ),
      () => api.compile({ y: api.add(x, api.input("x", "float32", [2, 3])) }),
    ],
    usableDevice: each([null, 7, "gpu", [], {}], (device) => api.usableDevice(device)),
    input: [
      ...each([undefined, 7, "", "a:b", ...nonsense.filter((value) => value !== "?")], (name) => api.input(name, "float32", [1])),
      ...each([...notNumbers, "float"], (dtype) => api.input("x", dtype, [1])),
      ...each(notShapes, (shape) => api.input("x", "float32", shape)),
    ],
    tensor: [
      ...each([...notNumbers, "float"], (dtype) => api.tensor(dtype, [2], tensor.data as never)),
      ...each([...notShapes, [3]], (shape) => api.tensor("float32", shape, tensor.data)),
      ...each([...notValues, [1, 2], new Float64Array(2), new Uint8Array(8), new DataView(new ArrayBuffer(2))], (data) =>
        api.tensor("float32", [2], data),
      ),
    ],
    constant: each(
      [undefined, 7, ...nonsense, x, { ...tensor, dtype: "float" }, { ...tensor, shape: [3] }, { ...tensor, data: [1, 2] }],
      (value) => api.constant(value),
    ),
    stored: [
      ...each([undefined, 7, ...nonsense, tensor], (value) => api.stored(value)),
      ...each(
        [
          { byteLength: 4 },
          { byteLength: undefined },
          { offset: -1 },
          { offset: 0.5 },
          { dtype: "float" },
          { shape: [-2] },
          { shape: undefined },
          { strides: [2] },
          { file: 7 },
        ],
        (part) => api.stored({ file: "/a", offset: 0, byteLength: 8, dtype: "float32", shape: [2], ...(part as object) }),
      ),
    ],
    scalar: [
      ...each(notNumbers, (value) => api.scalar(value)),
      ...each([null, 7, "float", {}], (dtype) => api.scalar(1, dtype)),
      ...each([1.5, 2 ** 63, Number.POSITIVE_INFINITY], (value) => api.scalar(value, "int64")),
      ...each([256, -1], (value) => api.scalar(value, "uint8")),
    ],
    integers: each([...notLists, [1.5], [Number.NaN], ["1"], [undefined], new Array(2)], (list) => api.integers(list)),
  };
}

function callsOfLayers(api: typeof nn, { input }: typeof graph): Calls {
  const tokens = input("tokens", "float32", [1, 5, 8]);
  const heads = input("heads", "float32", [1, 2, 5, 4]);
  const picture = input("picture", "float32", [1, 8, 4, 4]);
  const vector = input("vector", "float32", [8]);
  const matrix = input("matrix", "float32", [8, 8]);
  const kernel = input("kernel", "float32", [8, 8, 2, 2]);
  const layer = { weight: matrix, bias: vector };
  const scale = { weight: vector, bias: vector };
  const four = { query: layer, key: layer, value: layer, out: layer };
  const wrong = [undefined, 7, ...nonsense, vector, { weight: 1, bias: vector }, { weight: tensor, bias: vector }];
  const scales = (apply: (layer: never) => unknown) => each([...wrong.filter((value) => value !== vector), { weight: vector }], apply);
  const convolutions = (apply: (x: never, layer: never, options: never) => unknown) => [
    ...each([...notValues, tokens], (x) => apply(x, { weight: kernel } as never, {} as never)),
    ...each([...wrong, { weight: matrix }, { weight: kernel, bias: 0 }], (value) => apply(picture as never, value, {} as never)),
    ...each([...notOptions, { bias: vector }, { stride: 0 }], (options) => apply(picture as never, { weight: kernel } as never, options)),
  ];
  return {
    attention: [
      ...each([...notValues, heads, vector], (x) => api.attention(x, tokens, four, 2)),
      ...each([...notValues, heads, vector], (x) => api.attention(tokens, x, four, 2)),
      ...each([...wrong, {}, { ...four, out: undefined }, { ...four, key: { weight: 1 } }], (value) =>
        api.attention(tokens, tokens, value, 2),
      ),
      ...each([...notWhole, 0, 3, -2], (value) => api.attention(tokens, tokens, four, value)),
      ...each([null, 7, ...nonsense, heads], (values) => api.attention(tokens, tokens, four, 2, values)),
      ...each([null, ...nonsense, tokens], (mask) => api.attention(tokens, tokens, four, 2, tokens, mask)),
    ],
    splitHeads: [
      ...each([...notValues, heads], (x) => api.splitHeads(x, 2)),
      ...each([...notWhole, 0, 3], (n) => api.splitHeads(tokens, n)),
    ],
    mergeHeads: each([...notValues, tokens], api.mergeHeads),
    scaledDotProduct: [
      ...each([...notValues, tokens], (q) => api.scaledDotProduct(q, heads, heads)),
      ...each([...notValues, tokens], (k) => api.scaledDotProduct(heads, k, heads)),
      ...each([...notValues, vector], (v) => api.scaledDotProduct(heads, heads, v)),
      ...each([null, ...nonsense, vector], (bias) => api.scaledDotProduct(heads, heads, heads, bias)),
    ],
    linear: [
      ...each([...notValues, heads, input("bool", "bool", [8])], (x) => api.linear(x, layer)),
      ...each([...wrong, { weight: vector }, { weight: matrix, bias: matrix }, { weight: matrix, bias: null }], (value) =>
        api.linear(tokens, value),
      ),
      ...each([null, {}, { down: matrix, up: matrix }, { down: 1, up: matrix, scale: 1 }], (adapter) =>
        api.linear(tokens, { ...layer, adapter }),
      ),
      ...each([null, {}, { weight: matrix, scale: vector }], (quantised) => api.linear(tokens, { ...layer, quantised })),
    ],
    norm: [
      ...each(notValues, (x) => api.norm(x, scale, 1e-5)),
      ...scales((value) => api.norm(tokens, value, 1e-5)),
      ...each([...notNumbers, -1], (epsilon) => api.norm(tokens, scale, epsilon)),
    ],
    channelNorm: [
      ...each([...notValues, tokens], (x) => api.channelNorm(x, scale, 1e-5)),
      ...scales((value) => api.channelNorm(picture, value, 1)),
    ],
    instanceNorm2d: [
      ...each([...notValues, tokens], (x) => api.instanceNorm2d(x, scale)),
      ...scales((value) => api.instanceNorm2d(picture, value)),
    ],
    unitLength: [
      ...each(notValues, (x) => api.unitLength(x)),
      ...each([null, Number.NaN, ...nonsense], (epsilon) => api.unitLength(tokens, epsilon)),
    ],
    cosineSimilarity: [
      ...each(notValues, (x) => api.cosineSimilarity(x, tokens)),
      ...each([...notValues, picture], (x) => api.cosineSimilarity(tokens, x)),
      ...each([Number.NaN, -1, ...nonsense], (epsilon) => api.cosineSimilarity(tokens, tokens, epsilon)),
    ],
    conv2d: convolutions(api.conv2d),
    convTranspose2d: convolutions(api.convTranspose2d),
  };
}

async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    return { accepted: await call() };
  } catch (error) {
    return error;
  }
}

const builtFile = (entry: string) => pathToFileURL(resolve("dist/browser", entry, "index.js")).href;

test.each(["sources", "bundles for browsers"])("every function refuses wrong arguments with an error of the package: %s", async (which) => {
  if (which !== "sources") await builtCommand();
  const [graphs, layers] =
    which === "sources"
      ? [graph, nn]
      : ((await Promise.all(["graph", "nn"].map((entry) => import(builtFile(entry))))) as [typeof graph, typeof nn]);
  const entries: [object, Calls][] = [
    [graphs, callsOf(graphs)],
    [layers, callsOfLayers(layers, graphs)],
  ];
  for (const [api, calls] of entries) {
    const functions = Object.entries(api).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
    expect(functions.filter((name) => !(name in calls))).toEqual([]); // a row for each function
    const accepted: string[] = [];
    for (const [name, list] of Object.entries(calls)) {
      for (const [i, call] of list.entries()) {
        const failure = (await failureOf(call)) as { readonly code?: string; readonly message?: string };
        const isOurs = ["shape", "config", "input"].includes(failure.code ?? "");
        const reads = !/\[object|undefined \[|Cannot read|is not (iterable|a function)/.test(failure.message ?? "");
        if (!isOurs || !reads) accepted.push(`${name}, call ${i}: ${String(failure.message ?? "no error")}`);
      }
    }
    expect(accepted).toEqual([]);
  }
});

test("a session refuses values that do not fit the graph's inputs, and runs after dispose", async () => {
  const x = graph.input("x", "float32", [2]);
  const session = await graph.compile({ y: graph.neg(x) });
  const wrong = [undefined, null, 7, {}, { x: 1 }, { x: [1, 2] }, { x: Float32Array.of(1, 2) }, { x }, { x: { ...tensor, shape: [1, 2] } }];
  const feeds = [
    ...wrong,
    { x: { ...tensor, dtype: "float64" } },
    { x: { ...tensor, data: [1, 2] } },
    { x: { ...tensor, data: new Float32Array(3) } },
  ];
  for (const given of feeds)
    await expect(session.run(given as never)).rejects.toMatchObject({ code: expect.stringMatching("shape|config") });
  await expect(session.run({ x: { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) } })).rejects.toThrow(
    'run: input "x" must be float32 [2], got int32 [2].',
  );
  await expect(session.run({ x: tensor, z: tensor, y: tensor } as never)).rejects.toThrow(
    'run: the graph has no input "z", "y", or its outputs do not depend on it; inputs are x',
  );
  expect((await session.run({ x: tensor as graph.Tensor })).y!.data).toEqual(Float32Array.of(-1, -2));
  await session.dispose();
  await session.dispose();
  await expect(session.run({ x: tensor as graph.Tensor })).rejects.toThrow("run: the session was disposed of.");
});

test("messages say where, what was expected and what was given", () => {
  const x = graph.input("x", "float32", [2, 3]);
  expect(() => graph.add(x, tensor as never)).toThrow(
    "Add: an operand must be a value of a graph, got an object with dtype, shape, data. constant(tensor) makes a value of a tensor.",
  );
  expect(() => graph.reshape(x, [-1, 2])).toThrow("reshape: the shape must be an array of whole numbers of at least 0, got [-1, 2].");
  expect(() => graph.exp(graph.input("n", "int64", [1]))).toThrow(
    'Exp: the dtype must be float32 or float64 or float16, got input "n" int64 [1] (1 elements)',
  );
  expect(() => nn.linear(x, { weight: undefined as never })).toThrow("linear: weight must be a value of a graph, got undefined.");
});
