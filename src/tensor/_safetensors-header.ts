import { WeightsError } from "../errors.ts";
import { repeatedKey } from "../files/json.ts";
import type { ByteSource } from "./_byte-source.ts";
import { bytesOf, type DType, type Shape, sizeOf } from "./tensor.ts";

/** The name, element type and shape of a tensor in a safetensors file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor and where its bytes lie, counted from the start of the file. */
export interface PlacedEntry extends SafetensorsEntry {
  readonly offset: number;
  readonly byteLength: number;
}

/** What the header of a safetensors file says, checked. */
export interface SafetensorsHeader {
  readonly entries: readonly PlacedEntry[];
  readonly metadata: Record<string, string>;
}

/** The longest header that readers accept, a limit of the format. */
const HEADER_LIMIT = 100_000_000;

const dtypes: Record<string, DType> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};
const dtypeNames = Object.fromEntries(Object.entries(dtypes).map(([name, dtype]) => [dtype, name])) as Record<DType, string>;

/**
 * Reads and checks the header alone: 8 bytes of length (little-endian), that much JSON, then the data.
 * The tensors must cover the data without gap or overlap, as the format demands.
 *
 * @throws WeightsError naming the file, the tensor and what is wrong
 */
export async function readHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const fail = (what: string): never => {
    throw new WeightsError(`"${source.name}" is not a valid safetensors file: ${what}`);
  };
  if (source.size < 8) fail(`it has ${source.size} bytes, the header alone needs more. Download it again.`);
  const length = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (length > HEADER_LIMIT) fail(`its header claims ${length} bytes, at most ${HEADER_LIMIT} are allowed. Is it another kind of file?`);
  if (8 + length > source.size) fail(`its header claims ${length} bytes, but the file has ${source.size}. Download it again.`);
  const { __metadata__: metadata = {}, ...tensors } = parseJson(await source.read(8, length), fail);
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    fail(`"__metadata__" must map names to strings.`);
  }
  const dataStart = 8 + length;
  const entries = Object.entries(tensors).map(([name, described]) => parseEntry(name, described, dataStart, fail));
  checkLayout(entries, dataStart, source.size, fail);
  return { entries, metadata: metadata as Record<string, string> };
}

type Fail = (what: string) => never;

function parseJson(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    fail(`its header is not JSON (${(error as Error).message}). Is it another kind of file?`);
  }
  if (!isRecord(header)) return fail("its header must be a JSON object.");
  const repeated = repeatedKey(text);
  if (repeated !== undefined) fail(`the name "${repeated}" occurs twice in its header.`);
  return header;
}

function parseEntry(name: string, described: unknown, dataStart: number, fail: Fail): PlacedEntry {
  if (!isRecord(described)) return fail(`tensor "${name}" must be described by an object, got ${JSON.stringify(described)}.`);
  const { dtype: dtypeName, shape, data_offsets: offsets } = described;
  const dtype = typeof dtypeName === "string" && Object.hasOwn(dtypes, dtypeName) ? dtypes[dtypeName] : undefined;
  if (dtype === undefined) {
    const known = Object.keys(dtypes).join(", ");
    return fail(`tensor "${name}" has dtype ${JSON.stringify(dtypeName)}, which is not one of ${known}. Convert it to F16 or F32.`);
  }
  if (!isShape(shape)) return fail(`tensor "${name}" has shape ${JSON.stringify(shape)}, expected a list of lengths.`);
  if (!areCounts(offsets) || offsets.length !== 2) {
    return fail(`tensor "${name}" has data_offsets ${JSON.stringify(offsets)}, expected [begin, end].`);
  }
  const [begin, end] = offsets as [number, number];
  const byteLength = sizeOf(shape) * bytesOf(dtype);
  if (end - begin !== byteLength) {
    return fail(`tensor "${name}" (${dtypeName} [${shape}]) needs ${byteLength} bytes, but data_offsets [${offsets}] hold ${end - begin}.`);
  }
  return { name, dtype, shape, offset: dataStart + begin, byteLength };
}

function checkLayout(entries: PlacedEntry[], dataStart: number, size: number, fail: Fail): void {
  let position = dataStart;
  for (const { name, offset, byteLength } of entries.toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)) {
    if (offset !== position) {
      const what = offset < position ? "overlaps another tensor" : "leaves a gap before it";
      fail(`tensor "${name}" ${what}: it begins at byte ${offset - dataStart} of the data, expected ${position - dataStart}.`);
    }
    position += byteLength;
  }
  if (position > size) fail(`its tensors end at byte ${position}, but the file has ${size}: it is incomplete. Download it again.`);
  if (position < size) fail(`its tensors end at byte ${position}, but the file has ${size}: the rest belongs to no tensor.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShape(value: unknown): value is number[] {
  return areCounts(value) && Number.isSafeInteger(sizeOf(value));
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/**
 * Places tensors one after another and makes the bytes before the data. The widest elements come first and the header is padded
 * with spaces to a multiple of 8 bytes, so that every tensor is aligned to its element and can be used where a file is mapped.
 * Among equal widths the order is that of the names: the same tensors always give the same file.
 */
export function makeHeader(entries: readonly SafetensorsEntry[], metadata: Record<string, string>) {
  const ordered = entries.toSorted((a, b) => bytesOf(b.dtype) - bytesOf(a.dtype) || compareNames(a.name, b.name));
  let position = 0;
  const described = ordered.map(({ name, dtype, shape }) => {
    const begin = position;
    position += sizeOf(shape) * bytesOf(dtype);
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: dtypeNames[dtype], shape, data_offsets: [begin, position] })}`;
  });
  const pairs = Object.entries(metadata).sort(([a], [b]) => compareNames(a, b));
  // Written by hand, as an object would move names that look like numbers to its front.
  const texts = pairs.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
  const json = `{${[...(pairs.length > 0 ? [`"__metadata__":{${texts.join(",")}}`] : []), ...described].join(",")}}`;
  const utf8 = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + Math.ceil(utf8.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(utf8, 8);
  return { bytes, ordered };
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
