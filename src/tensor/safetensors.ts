import { withFile, writeAtomically, writeFully } from "#files";
import { ShapeError } from "../errors.ts";
import { type ByteSource, memorySource } from "./_byte-source.ts";
import { makeHeader, readHeader, type SafetensorsEntry } from "./_safetensors-header.ts";
import { type StoredTensor, storedTensor } from "./stored-tensor.ts";
import { bytesOf, fromBytes, sizeOf, type Tensor } from "./tensor.ts";

export type { SafetensorsEntry } from "./_safetensors-header.ts";

/**
 * Names, shapes and places of the tensors of a safetensors file, and its metadata. Reads the header alone, so the size of the
 * file does not matter.
 *
 * @throws WeightsError naming the file and what is wrong with it
 * @see https://github.com/huggingface/safetensors, "Format"
 */
export function openSafetensors(file: string): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string> }> {
  return withFile(file, safetensorsIn);
}

/** The same of a source that is open. */
export async function safetensorsIn(source: ByteSource): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string> }> {
  const { entries, metadata } = await readHeader(source);
  const tensors = new Map(entries.map(({ name, dtype, shape, offset }) => [name, storedTensor(source.name, offset, dtype, shape)]));
  return { tensors, metadata };
}

/** All tensors of a small safetensors file, given by its path or its bytes, in memory. */
export async function readSafetensors(
  source: string | Uint8Array,
): Promise<{ tensors: Map<string, Tensor>; metadata: Record<string, string> }> {
  const [name, bytes] = typeof source === "string" ? [source, await readWhole(source)] : ["safetensors bytes", source];
  const { entries, metadata } = await readHeader(memorySource(name, bytes));
  const read = ({ dtype, shape, offset, byteLength }: (typeof entries)[number]) =>
    fromBytes(dtype, shape, new Uint8Array(bytes.subarray(offset, offset + byteLength))); // a copy of its own, always aligned
  return { tensors: new Map(entries.map((entry) => [entry.name, read(entry)])), metadata };
}

function readWhole(file: string): Promise<Uint8Array> {
  return withFile(file, (source) => source.read(0, source.size));
}

/** Writes tensors as one safetensors file, which appears under its name only when it is whole. The same tensors give the same bytes. */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Record<string, string> = {},
): Promise<void> {
  const entries = Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  await writeSafetensorsStream(file, entries, ({ name }) => tensors[name]!.data, metadata);
}

/** The data of one tensor: one typed array of its dtype, or several that follow one another. */
export type TensorData = ArrayBufferView | Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;

/**
 * Writes a safetensors file of any size with the memory of one piece of data.
 *
 * @param produce - called once for each entry, in the order of the file (widest element first, then by name). When it throws,
 *   as it may to cancel, no file is left behind.
 * @throws ShapeError when two entries share a name or `produce` gives more or fewer bytes than an entry has
 */
export async function writeSafetensorsStream(
  file: string,
  entries: readonly SafetensorsEntry[],
  produce: (entry: SafetensorsEntry) => TensorData | Promise<TensorData>,
  metadata: Record<string, string> = {},
): Promise<void> {
  const names = new Set<string>(["__metadata__"]);
  for (const { name } of entries) {
    if (names.has(name)) throw new ShapeError(`writeSafetensors: the name "${name}" is taken; tensors of one file need different names`);
    names.add(name);
  }
  const { bytes, ordered } = makeHeader(entries, metadata);
  await writeAtomically(file, async (handle) => {
    await writeFully(handle, bytes);
    for (const entry of ordered) {
      const data = await produce(entry);
      let written = 0;
      for await (const piece of ArrayBuffer.isView(data) ? [data] : data) {
        await writeFully(handle, piece);
        written += piece.byteLength;
      }
      const needed = sizeOf(entry.shape) * bytesOf(entry.dtype);
      if (written !== needed) {
        throw new ShapeError(
          `writeSafetensors: "${entry.name}" (${entry.dtype} [${entry.shape}]) needs ${needed} bytes, ${written} were given`,
        );
      }
    }
  });
}
