import { withFile } from "#files";
import { WeightsError } from "../errors.ts";
import { type ByteSource, memorySource } from "./_byte-source.ts";
import { contentOf, type FileContent } from "./_file-content.ts";
import { openShards, readShardIndex, type ShardIndex } from "./_shards.ts";
import { safetensorsIn } from "./safetensors.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { checkpointIn, type TorchCheckpoint } from "./torch-checkpoint.ts";

/** The tensors of a file of weights by name, of which nothing is read yet. */
export interface Weights {
  readonly kind: "safetensors" | "torch";
  readonly tensors: Map<string, StoredTensor>;
  /** What a torch checkpoint holds beside tensors and plain data: the class of an object by its path. */
  readonly unread: ReadonlyMap<string, string>;
  /** The plain data of a torch checkpoint; empty for safetensors files and models in shards. */
  readonly values: TorchCheckpoint["values"];
  /** What a safetensors file says about itself; empty for torch checkpoints and models in shards. */
  readonly metadata: Record<string, string>;
  /** The files that hold the tensors, after the index of a model in shards. */
  readonly files: readonly string[];
}

/** Where weights are: the path of a file, or all bytes of one under a name, as a browser has them. The bytes must not change. */
export type WeightsFile = string | { readonly name: string; readonly bytes: Uint8Array };

/**
 * Opens published weights of either kind, recognised by content, not by name. The index of a sharded model opens
 * all shards.
 *
 * @throws WeightsError saying what the file looks like when it holds no weights: a web page, a Git LFS pointer, an old torch file; or which
 *   shards are missing
 */
export async function openWeights(file: WeightsFile): Promise<Weights> {
  if (typeof file !== "string") {
    const { name, bytes } = file;
    const { tensors, ...rest } = await singleFile(memorySource(name, bytes));
    return { ...rest, tensors: new Map([...tensors].map(([key, tensor]) => [key, { ...tensor, content: bytes }])) };
  }
  const found = await withFile(file, async (source) => {
    const content = await contentOf(source);
    const index = await shardIndexIn(source, content);
    return index ? { index } : { single: await singleFile(source, content) };
  });
  if (found.single) return found.single;
  const { index } = found;
  const { shards, tensors, unread } = await openShards(file, index, (shard) => withFile(shard, (source) => singleFile(source)));
  const [{ kind }] = shards.values() as unknown as [Weights];
  return { kind, tensors, unread, values: {}, metadata: {}, files: [file, ...shards.keys()] };
}

/** The index of a model in shards; undefined for a file of another kind. @throws WeightsError when it cannot be read */
async function shardIndexIn(source: ByteSource, { kind }: FileContent): Promise<ShardIndex | undefined> {
  return kind === "json" ? await readShardIndex(source) : undefined;
}

/** Names of the files that an index lists; none for a file of another kind. @throws WeightsError when it cannot be read */
export async function shardsOf(file: WeightsFile): Promise<string[]> {
  const read = async (source: ByteSource) => shardIndexIn(source, await contentOf(source));
  const index = typeof file === "string" ? await withFile(file, read) : await read(memorySource(file.name, file.bytes));
  return [...new Set(index?.values())].sort();
}

async function singleFile(source: ByteSource, content?: FileContent): Promise<Weights> {
  content ??= await contentOf(source);
  const files = [source.name];
  switch (content.kind) {
    case "safetensors":
      return { kind: content.kind, unread: new Map(), values: {}, files, ...(await safetensorsIn(source)) };
    case "torch": {
      return { kind: content.kind, metadata: {}, files, ...(await checkpointIn(source)) };
    }
    case "json":
      throw noWeights(source, "it is JSON text, not weights. Name the file of weights beside it.");
    default:
      throw noWeights(source, content.problem);
  }
}

const noWeights = ({ name }: ByteSource, problem: string): WeightsError => new WeightsError(`"${name}" does not hold weights: ${problem}`);
