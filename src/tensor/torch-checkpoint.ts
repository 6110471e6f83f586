import { WeightsError } from "../errors.ts";
import type { ByteSource } from "./_byte-source.ts";
import { contentOf } from "./_file-content.ts";
import { Inert, unpickle } from "./_pickle.ts";
import { TorchDtype, TorchTensor, torchGlobals, torchStorage } from "./_torch-globals.ts";
import { type StoredTensor, storedTensor } from "./stored-tensor.ts";
import { bytesOf } from "./tensor.ts";
import { dataOffset, readZipDirectory, type ZipEntry } from "./zip.ts";

/** What a checkpoint holds beside tensors, as plain data: dictionaries with their keys as text, lists for tuples too. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** A torch checkpoint: its tensors by path, and the rest of its data. */
export interface TorchCheckpoint {
  /**
   * A tensor's path is the keys that lead to it, joined by dots: `visual.proj.weight` for the key of that name in a plain state
   * dict, `state_dict.module.visual.proj.weight` in the `state_dict` of a trainer's checkpoint, `optimizer.state.0.exp_avg` for
   * numbers and places in lists. Keys contain dots themselves; two paths that become equal are an error.
   */
  readonly tensors: Map<string, StoredTensor>;
  /** Objects of other classes than those of tensors and plain data, by their path: the class's name, since nothing else of them is read. */
  readonly unread: ReadonlyMap<string, string>;
  /** Everything but these two, and values inside themselves or nested too deep, which are left out of dictionaries and null in lists. */
  readonly values: { readonly [key: string]: PlainValue };
}

type Fail = (what: string) => never;

/** Torch writes a few hundred bytes a tensor. */
const PICKLE_LIMIT = 2 ** 28;

/**
 * Names, types, shapes and places of the tensors of an open file that `torch.save` of torch 1.6 or newer wrote, or `torch.jit.save`: of a
 * TorchScript program the tensors are read by the names of its state dict, its code is not.
 *
 * Reads the zip directory and the pickle inside alone, so the size of the file does not matter. The pickle is data to us: nothing is run,
 * classes that rebuild tensors and dictionaries have a meaning, and objects of any other class are ignored.
 *
 * @throws WeightsError naming the file and the reason: another kind of file, incomplete, compressed, big-endian, unsafe
 */
export async function checkpointIn(source: ByteSource): Promise<TorchCheckpoint> {
  const fail: Fail = (what) => {
    throw new WeightsError(`"${source.name}" cannot be read as a torch checkpoint: ${what}`);
  };
  const content = await contentOf(source);
  if (content.kind === "other") return fail(content.problem);
  if (content.kind !== "torch") return fail(`it is a ${content.kind} file.`);
  const directory = await readZipDirectory(source);
  const root = rootOf(directory, fail);
  const isProgram = directory.has(`${root}constants.pkl`);
  const byteOrder = directory.get(`${root}byteorder`);
  if (byteOrder !== undefined && (await readText(source, byteOrder, fail)) !== "little") {
    fail("it was written on a big-endian machine. Load and save it again on a little-endian one.");
  }
  const pickle = directory.get(`${root}data.pkl`)!;
  if (pickle.size > PICKLE_LIMIT) fail(`its pickle has ${pickle.size} bytes, at most ${PICKLE_LIMIT} are expected.`);
  const tree = unpickle(await readEntry(source, pickle, fail), {
    globals: torchGlobals(fail),
    persistent: (id) => torchStorage(id, fail),
    // A module of TorchScript: its attributes are parameters, buffers and other modules, by the names of a state dict.
    ...(isProgram && { hasAttributes: (path) => path.startsWith("__torch__.") }),
    fail,
  });
  if (tree instanceof Inert) {
    fail(`it holds one object of the class "${tree.path}". Save its tensors instead: torch.save(model.state_dict(), ...).`);
  }
  if (!(tree instanceof Map)) return fail("it does not hold a dictionary of tensors.");
  const found = new Map<string, TorchTensor>();
  const unread = new Map<string, string>();
  const walk = new Walk(found, unread, VALUE_LIMIT + pickle.size, fail);
  walk.open.add(tree);
  const values = plainDictionary(tree, walk, "");
  return { tensors: await placeTensors(source, directory, root, found, fail), unread, values };
}

/** The folder inside the archive that holds everything, with its slash; its name is that of the file when it was saved. */
function rootOf(directory: Map<string, ZipEntry>, fail: Fail): string {
  const pickle = [...directory.keys()].find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) return fail('it is a zip archive without "data.pkl". Is it another kind of file?');
  return pickle.slice(0, -"data.pkl".length);
}

/**
 * State of the traversal of dictionaries and lists. Values of a pickle may contain themselves or, by sharing, unfold without end. Beside the
 * tensors that must not matter: values inside themselves or nested too deep are left out, and shared ones without tensors visited once.
 */
class Walk {
  /** The dictionaries and lists that are being visited. */
  readonly open = new Set<object>();
  /** The plain form of those without tensors. */
  readonly bare = new Map<object, PlainValue>();
  visited = 0;
  tooDeep = 0;

  constructor(
    readonly found: Map<string, TorchTensor>,
    readonly unread: Map<string, string>,
    readonly most: number,
    readonly fail: Fail,
  ) {}
}

const DEPTH_LIMIT = 64;
/** Visits beyond one for each byte of the pickle. */
const VALUE_LIMIT = 4_000_000;

function plainDictionary(dictionary: Map<unknown, unknown>, into: Walk, path: string): { [key: string]: PlainValue } {
  const entries: [string, PlainValue][] = [];
  for (const [key, value] of dictionary) {
    const name = keyText(key);
    if (name === undefined) continue;
    const plain = plainValue(value, into, `${path}${name}`);
    if (plain !== undefined) entries.push([name, plain]);
  }
  return Object.fromEntries(entries);
}

/** Undefined for what has no text, such as a tensor. */
function keyText(key: unknown): string | undefined {
  if (Array.isArray(key)) return key.map(keyText).join(","); // a tuple may be a key too
  if (key instanceof Inert) return `<${key.path}>`;
  if (key instanceof TorchDtype) return key.dtype;
  return isPlain(key) ? String(key) : undefined;
}

/** The plain form of a value; undefined for what is left out, and for a tensor or an object that is not read, which are noted under their path. */
function plainValue(value: unknown, into: Walk, path: string): PlainValue | undefined {
  if (++into.visited > into.most) into.fail(`its values with tensors are shared so often that there are more than ${into.most} of them.`);
  if (value instanceof TorchTensor) {
    if (into.found.has(path)) into.fail(`it has two tensors with the path "${path}".`);
    into.found.set(path, value);
    return undefined;
  }
  if (value instanceof Inert) {
    into.unread.set(path, value.path);
    return undefined;
  }
  if (!(value instanceof Map) && !Array.isArray(value)) return isPlain(value) ? value : null;
  const bare = into.bare.get(value);
  if (bare !== undefined) return bare;
  if (into.open.has(value)) return undefined;
  if (into.open.size >= DEPTH_LIMIT) {
    into.tooDeep++;
    return undefined;
  }
  const [tensors, tooDeep] = [into.found.size, into.tooDeep];
  into.open.add(value);
  const plain =
    value instanceof Map
      ? plainDictionary(value, into, `${path}.`)
      : value.map((item, i) => plainValue(item, into, `${path}.${i}`) ?? null);
  into.open.delete(value);
  if (into.found.size === tensors && into.tooDeep === tooDeep) into.bare.set(value, plain);
  return plain;
}

/** The rest are constants like `torch.float16`, which say nothing that a tensor does not. */
function isPlain(value: unknown): value is null | boolean | number | bigint | string | Uint8Array {
  return value === null || value instanceof Uint8Array || ["boolean", "number", "bigint", "string"].includes(typeof value);
}

/** Where each tensor's bytes lie in the file; storages that several tensors share are looked up once. */
async function placeTensors(
  source: ByteSource,
  directory: Map<string, ZipEntry>,
  root: string,
  found: Map<string, TorchTensor>,
  fail: Fail,
): Promise<Map<string, StoredTensor>> {
  const starts = new Map<string, number>();
  const tensors = new Map<string, StoredTensor>();
  for (const [path, { storage, dtype, offset, shape, strides }] of found) {
    const entry = directory.get(`${root}data/${storage.key}`);
    if (entry === undefined) return fail(`the storage "data/${storage.key}" of tensor "${path}" is not in it.`);
    if (!starts.has(storage.key)) starts.set(storage.key, await dataOffset(source, asStored(entry, fail)));
    const tensor = storedTensor(source.name, starts.get(storage.key)! + offset * bytesOf(dtype), dtype, shape, strides);
    const end = offset * bytesOf(dtype) + tensor.byteLength;
    const claimed = storage.length * (storage.dtype === undefined ? 1 : bytesOf(storage.dtype));
    if (end > entry.size || claimed > entry.size) {
      fail(`tensor "${path}" needs ${Math.max(end, claimed)} bytes of "data/${storage.key}", which has ${entry.size}.`);
    }
    tensors.set(path, tensor);
  }
  return tensors;
}

/** The entry itself, once it is certain that its bytes lie in the file as they are. */
function asStored(entry: ZipEntry, fail: Fail): ZipEntry {
  if (entry.isEncrypted) fail(`"${entry.name}" in it is encrypted.`);
  if (entry.method !== 0 || entry.size !== entry.compressedSize) {
    fail(`"${entry.name}" in it is compressed, which torch never does. Save it again with torch.save.`);
  }
  return entry;
}

async function readEntry(source: ByteSource, entry: ZipEntry, fail: Fail): Promise<Uint8Array> {
  return source.read(await dataOffset(source, asStored(entry, fail)), entry.size);
}

async function readText(source: ByteSource, entry: ZipEntry, fail: Fail): Promise<string> {
  if (entry.size > 64) return fail(`"${entry.name}" in it has ${entry.size} bytes, expected a word.`);
  return new TextDecoder().decode(await readEntry(source, entry, fail));
}
