import { Inert, type PickleGlobals } from "./_pickle.ts";
import { type DType, type Shape, sizeOf } from "./tensor.ts";

/** Memory that tensors are views of; it lies in the archive entry `data/<key>`. */
export class TorchStorage {
  constructor(
    readonly key: string,
    /** Undefined for untyped storages, whose length is in bytes. */
    readonly dtype: DType | undefined,
    readonly length: number,
  ) {}
}

/** A tensor as a checkpoint describes it: a view of a storage, in elements. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: DType,
    readonly offset: number,
    readonly shape: Shape,
    readonly strides: readonly number[],
  ) {}
}

/** The class of a storage, which tells the type of its elements. */
class StorageClass {
  constructor(readonly dtype: DType | undefined) {}
}

/** The type of elements, where it is named by itself. */
export class TorchDtype {
  constructor(readonly dtype: DType) {}
}

const storageClasses: Record<string, DType> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const dtypes: Record<string, DType> = {
  float64: "float64",
  float32: "float32",
  float16: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  int32: "int32",
  int16: "int16",
  int8: "int8",
  uint64: "uint64",
  uint32: "uint32",
  uint16: "uint16",
  uint8: "uint8",
  bool: "bool",
};

/** Functions that make lists in a TorchScript program. */
const scriptLists = ["build_intlist", "build_tensorlist", "build_doublelist", "build_boollist"] as const;

/**
 * What has a meaning where a checkpoint names it: what torch writes for dictionaries of tensors, and no more.
 *
 * @param fail - says what is wrong and throws
 */
export function torchGlobals(fail: (what: string) => never): PickleGlobals {
  const rebuild = (storage: unknown, offset: unknown, shape: unknown, strides: unknown, named?: unknown): TorchTensor | Inert => {
    for (const kind of [storage, named]) if (kind instanceof Inert) return kind; // complex, quantised and 8-bit numbers
    if (!(storage instanceof TorchStorage)) return fail("it has a tensor without storage.");
    const dtype = named instanceof TorchDtype ? named.dtype : storage.dtype;
    const isView = isCount(offset) && areCounts(shape) && areCounts(strides) && shape.length === strides.length;
    if (dtype === undefined || !isView || !Number.isSafeInteger(sizeOf(shape))) {
      return fail("it has a tensor whose dtype, offset, shape or strides are invalid.");
    }
    return new TorchTensor(storage, dtype, offset, shape, strides);
  };
  const rows = (names: Record<string, DType>, make: (dtype: DType) => unknown) =>
    Object.fromEntries(Object.entries(names).map(([name, dtype]) => [`torch.${name}`, make(dtype)]));
  return {
    "collections.OrderedDict": (pairs: unknown = []) => orderedDictionary(fail, pairs),
    "collections.defaultdict": () => new Map(), // its argument makes missing values
    ...Object.fromEntries(
      ["__builtin__", "builtins"].flatMap((module) => sets.map((name) => [`${module}.${name}`, (items: unknown = []) => items])),
    ),
    "torch._utils._rebuild_tensor": (...[storage, offset, shape, strides]: unknown[]) => rebuild(storage, offset, shape, strides),
    "torch._utils._rebuild_tensor_v2": (...[storage, offset, shape, strides]: unknown[]) => rebuild(storage, offset, shape, strides),
    // For types without a storage class of their own. What comes between, hooks and the need of a gradient, says nothing about the values.
    "torch._utils._rebuild_tensor_v3": (...[storage, offset, shape, strides, , , dtype]: unknown[]) =>
      rebuild(storage, offset, shape, strides, dtype),
    "torch._utils._rebuild_parameter": (data: unknown) => data,
    "torch._utils._rebuild_parameter_with_state": (data: unknown) => data,
    // A tensor with attributes of its own, which say nothing about its values: the function that makes it, its class, the arguments.
    "torch._tensor._rebuild_from_type_v2": (make: unknown, kind: unknown, args: unknown) =>
      kind === plainTensor && typeof make === "function" && Array.isArray(args)
        ? make(...args)
        : new Inert("torch._tensor._rebuild_from_type_v2"),
    "torch.Tensor": plainTensor,
    "torch._tensor.Tensor": plainTensor,
    "torch.nn.parameter.Parameter": (data: unknown) => data,
    "torch.Size": (lengths: unknown) => lengths,
    // Lists and dictionaries of a TorchScript program, whose types are told beside them.
    ...Object.fromEntries(scriptLists.map((name) => [`torch.jit._pickle.${name}`, (items: unknown) => items])),
    "torch.jit._pickle.restore_type_tag": (value: unknown) => value,
    "torch.storage.UntypedStorage": new StorageClass(undefined),
    "torch.UntypedStorage": new StorageClass(undefined),
    ...rows(storageClasses, (dtype) => new StorageClass(dtype)),
    ...rows(dtypes, (dtype) => new TorchDtype(dtype)),
  };
}

/** The class of tensors without attributes. */
const plainTensor = Symbol("torch.Tensor");

const sets = ["set", "frozenset"];

/**
 * The storage that a persistent id stands for: ("storage", its class, its key, the device it was on, its length). Inert where the
 * elements are of a type that is not read.
 */
export function torchStorage(id: unknown, fail: (what: string) => never): TorchStorage | Inert {
  const [kind, storageClass, key, , length] = Array.isArray(id) ? id : [];
  if (storageClass instanceof Inert) return storageClass;
  if (kind !== "storage" || !(storageClass instanceof StorageClass) || typeof key !== "string" || !isCount(length)) {
    return fail("its pickle refers to an invalid storage.");
  }
  return new TorchStorage(key, storageClass.dtype, length);
}

/** Made empty and filled by the operations that follow, or from a list of pairs. */
function orderedDictionary(fail: (what: string) => never, pairs: unknown): Map<unknown, unknown> {
  const arePairs = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  return arePairs ? new Map(pairs as [unknown, unknown][]) : fail("it has an OrderedDict that is not made of pairs.");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
