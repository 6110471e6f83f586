import { siblingPath } from "#files";
import { WeightsError } from "../errors.ts";
import { parseJson } from "../files/json.ts";
import type { ByteSource } from "./_byte-source.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/** An index of a model with hundreds of thousands of tensors is smaller. */
const INDEX_LIMIT = 2 ** 26;

/** Of each tensor the file that holds it, as the index of a model in several files (shards) says it. */
export type ShardIndex = ReadonlyMap<string, string>;

/** What of an opened shard is needed here. */
interface Opened {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly unread: ReadonlyMap<string, string>;
}

/**
 * Reads JSON as the index of a model in shards, `model.safetensors.index.json` or `pytorch_model.bin.index.json`.
 *
 * @returns undefined when it is other JSON
 * @throws WeightsError when it names a file outside its folder
 */
export async function readShardIndex(source: ByteSource): Promise<ShardIndex | undefined> {
  if (source.size > INDEX_LIMIT) return undefined;
  const json = parseJson(await source.read(0, source.size), source.name, WeightsError) as { readonly weight_map?: unknown } | null;
  const map = json?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) return undefined;
  const index = new Map(Object.entries(map) as [string, unknown][]);
  for (const [name, shard] of index) {
    const isPlain = typeof shard === "string" && /^[^/\\:\0]+$/.test(shard) && shard !== "." && shard !== "..";
    if (!isPlain) {
      throw new WeightsError(
        `"${source.name}" puts the tensor "${name}" into ${JSON.stringify(shard)}; expected the name of a file in the same folder.`,
      );
    }
  }
  if (index.size === 0)
    throw new WeightsError(`"${source.name}" is the index of a model in shards, but lists no tensors. Download it again.`);
  return index as ShardIndex;
}

/**
 * The tensors of all shards as one model. Tensors that the index does not list are ignored.
 *
 * @throws WeightsError that names every shard that is missing or damaged, or a tensor that is not where the index says
 */
export async function openShards<T extends Opened>(
  indexFile: string,
  index: ShardIndex,
  open: (file: string) => Promise<T>,
): Promise<{ readonly shards: ReadonlyMap<string, T>; readonly tensors: Map<string, StoredTensor>; readonly unread: Map<string, string> }> {
  const shards = new Map<string, T>();
  const problems: string[] = [];
  const names = [...new Set(index.values())].sort();
  for (const name of names) {
    const file = siblingPath(indexFile, name);
    await open(file).then(
      (opened) => shards.set(file, opened),
      (error: Error) => problems.push(error.message),
    );
  }
  if (problems.length > 0) {
    throw new WeightsError(
      `"${indexFile}" is the index of a model in ${names.length} shards, of which ${problems.length} cannot be opened:\n  ${problems.join("\n  ")}`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  const unread = new Map<string, string>();
  for (const [name, shard] of index) {
    const opened = shards.get(siblingPath(indexFile, shard))!;
    const [stored, kind] = [opened.tensors.get(name), opened.unread.get(name)];
    if (stored) tensors.set(name, stored);
    else if (kind !== undefined) unread.set(name, kind);
    else throw new WeightsError(`"${indexFile}" says that "${shard}" holds the tensor "${name}", but it does not. Download both again.`);
  }
  return { shards, tensors, unread };
}
