import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withFile } from "#files";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { type TestEntry, writeTestZip } from "./_zip-for-tests.ts";
import { openSafetensors } from "./safetensors.ts";
import { isContiguous, readTensor, type StoredTensor, toFloat32 } from "./stored-tensor.ts";
import { bytesOf, stridesOf } from "./tensor.ts";
import { checkpointIn } from "./torch-checkpoint.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torch-"));
});
afterAll(() => rm(folder, { recursive: true }));

const openTorchCheckpoint = (file: string) => withFile(file, checkpointIn);

/** A tensor in the words of torch. */
interface Expected {
  shape: number[];
  dtype: string;
  stride: number[];
  storage_offset: number;
  sum: number;
  first: number[];
}

async function expectTensor(stored: StoredTensor | undefined, expected: Expected): Promise<void> {
  expect(stored).toBeDefined();
  expect([stored!.dtype, stored!.shape]).toEqual([expected.dtype, expected.shape]);
  expect(stored!.strides ?? stridesOf(stored!.shape)).toEqual(expected.stride);
  // torch aligns each storage to 64 bytes, so the rest of the division is the tensor's offset in its storage.
  expect((stored!.offset - expected.storage_offset * bytesOf(stored!.dtype)) % 64).toBe(0);
  const tensor = await readTensor(stored!);
  const values = tensor.dtype === "float64" ? [...(tensor.data as Float64Array)] : [...toFloat32(tensor)];
  const sum = values.reduce((total, value) => total + value, 0);
  expect(Math.abs(sum - expected.sum)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected.sum)));
  expect(values.slice(0, 6)).toEqual(expected.first);
}

describeWith(["parity/torch-files/expected.json"], "files written by torch", () => {
  const files =
    sharedJson<Record<string, { note: string; tensors?: Record<string, Expected>; may_refuse?: boolean; must_refuse?: boolean }>>(
      "parity/torch-files/expected.json",
    );
  const path = (name: string) => sharedPath("parity", "torch-files", name);
  const readable = Object.entries(files).filter(([, { must_refuse }]) => !must_refuse);
  const refused = Object.keys(files).filter((name) => files[name]!.must_refuse);
  const namesFile = (name: string) => ({ code: "weights", message: expect.stringContaining(`"${path(name)}"`) });

  test.each(readable)(
    "%s is read as torch reads it, or refused by name where that is allowed",
    async (name, { tensors = {}, may_refuse }) => {
      const opened = await openTorchCheckpoint(path(name)).catch((error: unknown) => {
        if (!may_refuse) throw error;
        expect(error).toMatchObject(namesFile(name));
        return undefined;
      });
      if (!opened) return;
      const keys = Object.keys(tensors);
      // A trainer's checkpoint holds its weights below this key, beside the state of the optimiser.
      const prefix = keys.every((key) => opened.tensors.has(key)) ? "" : "state_dict.";
      for (const [key, expected] of Object.entries(tensors)) await expectTensor(opened.tensors.get(prefix + key), expected);
      if (prefix === "" && keys.length > 0) expect([...opened.tensors.keys()].sort()).toEqual(keys.sort());
    },
  );

  test.each(refused)("%s is refused by name", async (name) => {
    await expect(openTorchCheckpoint(path(name))).rejects.toMatchObject(namesFile(name));
  });

  test.each([
    ["unsafe_system.bin", 'it asks Python for "posix.system", which weights do not need. Nothing was run.'],
    ["unsafe_eval.bin", 'it asks Python for "__builtin__.eval", which weights do not need. Nothing was run.'],
    ["truncated.pt", "is incomplete: it begins like a zip archive, but the directory at the end is missing. Download it again."],
    ["not_a_checkpoint.pt", "it is a web page, not weights"],
    ["legacy.bin", "it is in torch's format before version 1.6, which cannot be mapped into memory. Convert it once: python -c"],
    ["compressed.pt", '"nested/byteorder" in it is compressed, which torch never does. Save it again with torch.save.'],
  ])("%s is refused with the reason", async (name, reason) => {
    await expect(openTorchCheckpoint(path(name))).rejects.toThrow(reason);
    await expect(openTorchCheckpoint(path(name))).rejects.toMatchObject(namesFile(name));
  });

  test("values that are not tensors are returned as plain data", async () => {
    const { values } = await openTorchCheckpoint(path("nested.pt"));
    expect(values).toEqual({
      model: {},
      args: { lr: 0.001, names: ["x", "y"], shape: [2, 3], none: null, flag: true, big: 2 ** 40, neg: -5, text: "ünïcode" },
      step: 7,
    });
  });

  test("a trainer's checkpoint holds its optimizer under paths with numbers", async () => {
    const { tensors, values } = await openTorchCheckpoint(path("trainer_epoch_2.pt"));
    expect(values).toMatchObject({ epoch: 2, name: "parity-run" });
    const moments = [...tensors.keys()].filter((key) => /^optimizer\.state\.\d+\.exp_avg$/.test(key));
    expect(moments.length).toBeGreaterThan(0);
  });

  test("query, key and value of the released port are views of one storage", async () => {
    const { tensors } = await openTorchCheckpoint(path("pytorch_model.bin"));
    const [q, k, v] = ["q", "k", "v"].map((part) => tensors.get(`vision_model.encoder.layers.0.self_attn.${part}_proj.weight`)!) as [
      StoredTensor,
      StoredTensor,
      StoredTensor,
    ];
    expect([q, k, v].every(isContiguous)).toBe(true);
    expect([k.offset - q.offset, v.offset - k.offset]).toEqual([q.byteLength, q.byteLength]);
  });

  const twins: [string, string][] = [
    ["open_clip_pytorch_model.bin", "mini/open_clip_model.safetensors"],
    ["pytorch_model.bin", "mini-port/model.safetensors"],
  ];
  test.each(twins)("%s holds the numbers of its safetensors twin", async (name, twin) => {
    const torch = await openTorchCheckpoint(path(name));
    const safe = await openSafetensors(sharedPath("parity", "clip", ...twin.split("/")));
    expect(safe.tensors.size).toBeGreaterThan(70);
    for (const [key, stored] of safe.tensors) expect(await readTensor(torch.tensors.get(key)!)).toEqual(await readTensor(stored));
  });
});

/** A short text in a pickle. */
const text = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`;
const int64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return `\x8a\x08${bytes.toString("latin1")}`;
};

/** A tensor of one axis in a pickle: a view of the storage `key` of `length` elements. */
const vector = (key: string, length: number, offset: number, count: number, stride = 1, storage = "FloatStorage") =>
  `ctorch._utils\n_rebuild_tensor_v2\n((${text("storage")}ctorch\n${storage}\n${text(key)}${text("cpu")}${int64(length)}tQ` +
  `${int64(offset)}${int64(count)}\x85${int64(stride)}\x85\x89ccollections\nOrderedDict\n)RtR`;

/** A checkpoint with this dictionary and these other entries. */
async function checkpoint(dictionary: string, entries: TestEntry[] = [], byteorder = "little"): Promise<string> {
  const file = join(folder, "made.pth");
  const own = [
    { name: "archive/data.pkl", data: Buffer.from(`\x80\x04${dictionary}.`, "latin1") },
    { name: "archive/byteorder", data: Buffer.from(byteorder) },
  ];
  await writeTestZip(file, [...own, ...entries]);
  return file;
}

const storage = (key: string, data: TestEntry["data"]): TestEntry => ({ name: `archive/data/${key}`, data });
const numbers = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer);

test("a checkpoint beyond 4 GiB is opened by its directory and read where asked", async () => {
  const hole = 5 * 2 ** 30;
  const file = await checkpoint(`}(${text("large")}${vector("0", hole / 4, hole / 4 - 2, 2)}${text("after")}${vector("1", 4, 1, 3)}u`, [
    storage("0", { hole }),
    storage("1", numbers),
  ]);
  const { tensors } = await openTorchCheckpoint(file);
  expect(tensors.get("after")!.offset).toBeGreaterThan(hole);
  expect((await readTensor(tensors.get("after")!)).data).toEqual(new Float32Array([2, 3, 4]));
  expect((await readTensor(tensors.get("large")!)).data).toEqual(new Float32Array([0, 0]));
  await rm(file);
});

test("torch's own mark for the order of bytes is optional, and tensors may lie in lists", async () => {
  const file = join(folder, "list.pth");
  const pickle = Buffer.from(`\x80\x02}${text("a")}](N${vector("0", 4, 0, 2)}es.`, "latin1");
  await writeTestZip(file, [
    { name: "data.pkl", data: pickle },
    { name: "data/0", data: numbers },
  ]); // no folder inside either
  const { tensors, values } = await openTorchCheckpoint(file);
  expect([...tensors.keys()]).toEqual(["a.1"]);
  expect(values).toEqual({ a: [null, null] });
});

test("objects of other classes beside the tensors are ignored and reported by their path", async () => {
  const objects = [
    text("best") +
      `cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(${text("f8")}\x89\x88tR(K\x03${text("<")}NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08${"\x00".repeat(8)}tR`,
    `${text("args")}cargparse\nNamespace\n)\x81}${text("lr")}K\x01sb`,
    `${text("path")}cpathlib\nPosixPath\n${text("a")}\x85R`,
    `${text("settings")}comegaconf.dictconfig\nDictConfig\n)\x81}${text("_content")}}sb`,
    `${text("make")}cfunctools\npartial\nctorch.nn\nGELU\n\x85R(ctorch.nn\nGELU\n)}Ntb`,
    `${text("seen")}c__builtin__\nset\n](K\x01K\x02e\x85R`,
    `${text("counts")}ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R${text("a")}K\x05s`,
    `cmodels\nStage\nK\x01\x85R${text("a key")}`,
  ].join("");
  const file = await checkpoint(`}(${text("state_dict")}}${text("w")}${vector("0", 4, 0, 4)}s${objects}u`, [storage("0", numbers)]);
  const { tensors, unread, values } = await openTorchCheckpoint(file);
  expect([...tensors.keys()]).toEqual(["state_dict.w"]);
  expect(Object.fromEntries(unread)).toEqual({
    best: "numpy.core.multiarray.scalar",
    args: "argparse.Namespace",
    path: "pathlib.PosixPath",
    settings: "omegaconf.dictconfig.DictConfig",
    make: "functools.partial",
  });
  expect(values).toEqual({ state_dict: {}, seen: [1, 2], counts: { a: 5 }, "<models.Stage>": "a key" });
});

const weightsBeside = (other: string) => checkpoint(`}\x94(${text("w")}${vector("0", 4, 0, 4)}${other}u`, [storage("0", numbers)]);

test.each([
  ["nested deep", `${text("a")}${"]".repeat(100)}${"a".repeat(99)}`],
  ["the dictionary that holds them", `${text("a")}h\x00`],
  ["a dictionary that contains itself", `${text("a")}}\x94${text("b")}h\x01s`],
  ["shared without end", `${text("a")}](NNNNNNNNNNe${"2\x86".repeat(40)}`],
  ["under a key that is no text", `${vector("0", 4, 0, 4)}N`],
])("values beside the tensors do not matter: %s", async (_, other) => {
  expect([...(await openTorchCheckpoint(await weightsBeside(other))).tensors.keys()]).toEqual(["w"]);
});

test("tensors that are shared by two dictionaries are found in both", async () => {
  const shared = `${text("a")}}\x94${text("v")}${vector("0", 4, 0, 4)}s${text("b")}h\x01`;
  expect([...(await openTorchCheckpoint(await weightsBeside(shared))).tensors.keys()]).toEqual(["w", "a.v", "b.v"]);
});

test("tensors of unsupported types are reported like other objects", async () => {
  const file = await checkpoint(`}${text("w")}${vector("0", 4, 0, 4, 1, "ComplexFloatStorage")}s`);
  const { tensors, unread } = await openTorchCheckpoint(file);
  expect([[...tensors], [...unread]]).toEqual([[], [["w", "torch.ComplexFloatStorage"]]]);
});

test("a tensor with attributes or a parameter with a state is a tensor", async () => {
  const rebuilt = vector("0", 4, 0, 4).replace("ctorch._utils\n_rebuild_tensor_v2\n", "").slice(0, -1);
  const file = await checkpoint(
    `}(${text("a")}ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n${rebuilt}}tR` +
      `${text("b")}ctorch._utils\n_rebuild_parameter_with_state\n(${vector("0", 4, 0, 4)}\x88N}tRu`,
    [storage("0", numbers)],
  );
  expect([...(await openTorchCheckpoint(file)).tensors.keys()]).toEqual(["a", "b"]);
});

test("a TorchScript program has the tensors of its state dict, in half precision with one of integers", async () => {
  const { tensors } = await openTorchCheckpoint(join(import.meta.dirname, "../../test/golden/torch/torchscript.pt"));
  const read = await Promise.all(
    [...tensors].map(
      async ([name, stored]) => [name, stored.dtype, stored.shape, Array.from((await readTensor(stored)).data, Number)] as const,
    ),
  );
  const float16 = ["visual.proj", "visual.conv1.weight", "visual.ln_pre.weight", "visual.ln_pre.bias", "logit_scale"];
  expect(new Map(read.map(([name, dtype]) => [name, dtype]))).toEqual(
    new Map([...float16.map((name) => [name, "float16"] as const), ["input_resolution", "int64"]]),
  );
  expect(read.find(([name]) => name === "input_resolution")).toEqual(["input_resolution", "int64", [], [224]]);
  expect(tensors.get("visual.conv1.weight")!.shape).toEqual([2, 1, 2, 2]);
  expect([...toFloat32(await readTensor(tensors.get("visual.proj")!))]).toEqual([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]);
});

describe("a checkpoint that contradicts itself is refused", () => {
  const one = `}${text("w")}${vector("0", 4, 0, 4)}s`;
  const cases: [string, string, TestEntry[], string | RegExp, string?][] = [
    ["storage missing", one, [], 'the storage "data/0" of tensor "w" is not in it'],
    ["storage too short", one, [storage("0", numbers.subarray(4))], 'tensor "w" needs 16 bytes of "data/0", which has 12'],
    ["view beyond its storage", `}${text("w")}${vector("0", 4, 3, 2)}s`, [storage("0", numbers)], /needs 20 bytes of "data\/0"/],
    ["strides beyond it", `}${text("w")}${vector("0", 4, 0, 2, 4)}s`, [storage("0", numbers)], /needs 20 bytes of "data\/0"/],
    ["a negative offset", `}${text("w")}${vector("0", 4, 0, 2).replace(int64(0), "\x8a\x01\xff")}s`, [], /are invalid/],
    ["deflated storage", one, [{ ...storage("0", numbers), method: 8 }], '"archive/data/0" in it is compressed'],
    ["encrypted storage", one, [{ ...storage("0", numbers), flags: 1 }], '"archive/data/0" in it is encrypted'],
    ["big-endian", one, [storage("0", numbers)], "it was written on a big-endian machine", "big"],
    ["a whole model", "cmy.models\nClip\n)\x81}b", [], 'it holds one object of the class "my.models.Clip". Save its tensors instead'],
    ["no dictionary", "]", [], "it does not hold a dictionary of tensors"],
    [
      "two tensors of one path",
      `}(${text("a.b")}${vector("0", 4, 0, 4)}${text("a")}}${text("b")}${vector("0", 4, 0, 4)}su`,
      [],
      'two tensors with the path "a.b"',
    ],
    [
      "tensors that unfold without end",
      `}${text("a")}](${vector("0", 4, 0, 4)}NNNNNNNNNNe${"2\x86".repeat(40)}s`,
      [storage("0", numbers)],
      "its values with tensors are shared so often",
    ],
    ["a tensor without storage", `}${text("w")}ctorch._utils\n_rebuild_tensor_v2\n(NNNNtRs`, [], "it has a tensor without storage"],
    ["a strange persistent id", `}${text("w")}NQs`, [], "its pickle refers to an invalid storage"],
    ["an OrderedDict of nothing", "ccollections\nOrderedDict\nN\x85R", [], "an OrderedDict that is not made of pairs"],
  ];
  test.each(cases)("%s", async (_, dictionary, entries, message, byteorder) => {
    const file = await checkpoint(dictionary, entries, byteorder);
    await expect(openTorchCheckpoint(file)).rejects.toThrow(message);
    await expect(openTorchCheckpoint(file)).rejects.toMatchObject({ code: "weights", message: expect.stringContaining(`"${file}"`) });
  });

  test("another zip archive is not a checkpoint", async () => {
    const file = join(folder, "other.zip");
    await writeTestZip(file, [{ name: "readme.txt", data: Buffer.from("hello") }]);
    await expect(openTorchCheckpoint(file)).rejects.toThrow('it is a zip archive without "data.pkl"');
  });

  test("damage to any byte of the pickle gives a weights error or a checkpoint that holds together", async () => {
    const file = await checkpoint(one, [storage("0", numbers)]);
    const whole = await readFile(file);
    const start = whole.indexOf("\x80\x04", 0, "latin1");
    const pickle = whole.subarray(start, start + whole.subarray(start).indexOf("s."));
    for (let position = 2; position < pickle.length; position++) {
      const damaged = Buffer.from(pickle);
      damaged[position] = (damaged[position]! + 1) % 256;
      await checkpoint(damaged.subarray(2).toString("latin1").concat("s"), [storage("0", numbers)]);
      await openTorchCheckpoint(file).catch((error) => expect(error).toMatchObject({ code: "weights" }));
    }
  });
});
