import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { ConfigError, WeightsError } from "../errors.ts";
import type { Plateau } from "../optim/index.ts";
import { openSafetensors, writeSafetensorsStream } from "../tensor/safetensors.ts";
import { readTensor, type StoredTensor } from "../tensor/stored-tensor.ts";
import { sameShape } from "../tensor/tensor.ts";
import type { TrainingState } from "./training-state.ts";

/** Content of a checkpoint beside arrays. */
export interface Progress {
  /** Finished steps. */
  readonly step: number;
  readonly plateau: Plateau;
  readonly settings: object;
  /** The caller's own, plain JSON. */
  readonly progress: unknown;
}

/** The metadata of a checkpoint. */
interface Content extends Progress {
  readonly format: number;
  /** CRC-32 of each of the state's arrays. */
  readonly checksums: readonly number[];
}

/** Version of the checkpoint format. */
const format = 2;

/** The state's arrays by the names that a checkpoint's tensors begin with. */
function arraysOf(state: TrainingState): [string, Float32Array][] {
  return [["values", state.values], ...state.slots];
}

/** Writes a checkpoint: tensors `values/<name>` and `<slot>/<name>`, progress as JSON in the metadata. Memory stays as it was. */
export async function saveCheckpoint(file: string, state: TrainingState, progress: Progress): Promise<void> {
  const arrays = new Map(arraysOf(state));
  const entries = [...arrays.keys()].flatMap((array) =>
    [...state.tensors.values()].map(({ name, shape }) => ({ name: `${array}/${name}`, shape, dtype: "float32" as const })),
  );
  const produce = ({ name }: { name: string }) => {
    const slash = name.indexOf("/");
    return state.view(arrays.get(name.slice(0, slash))!, name.slice(slash + 1));
  };
  const content: Content = { format, ...progress, checksums: checksumsOf(state) };
  await writeSafetensorsStream(file, entries, produce, { training: JSON.stringify(content) });
}

/**
 * Reads a checkpoint into the state. Messages describe the problem; the caller adds the remedy.
 *
 * @throws WeightsError when the file is damaged, or not of such a model
 * @throws ConfigError when it was made with other settings or has another format
 */
export async function loadCheckpoint(file: string, state: TrainingState, settings: object): Promise<Progress> {
  const { tensors, content } = await opened(file);
  if (content.format !== format)
    throw new ConfigError(
      `"${file}" is a checkpoint of format ${content.format ?? 0}; this version of medclip-sam reads format ${format}.`,
    );
  const [before, now] = [new Map(Object.entries(content.settings)), new Map(Object.entries(settings))];
  const other = [...now.keys()].find((key) => !isDeepStrictEqual(now.get(key), before.get(key)));
  if (other) {
    const [was, is] = [before.get(other), now.get(other)].map((value) => JSON.stringify(value) ?? "the default");
    throw new ConfigError(`"${file}" was made with ${other} ${was}, not ${is}.`);
  }
  for (const [array, values] of arraysOf(state)) {
    for (const { name, shape } of state.tensors.values()) {
      const stored = tensors.get(`${array}/${name}`);
      if (!stored || !sameShape(stored.shape, shape)) {
        const found = stored ? `has [${stored.shape}]` : "has none";
        throw new WeightsError(`"${file}" is of another model: "${array}/${name}" should be [${shape}], the file ${found}.`);
      }
      state.view(values, name).set((await readTensor(stored)).data as Float32Array);
    }
  }
  if (!isDeepStrictEqual(checksumsOf(state), content.checksums)) throw damaged(file);
  return content;
}

async function opened(file: string): Promise<{ tensors: ReadonlyMap<string, StoredTensor>; content: Content }> {
  try {
    const { tensors, metadata } = await openSafetensors(file);
    return { tensors, content: JSON.parse(metadata.training!) as Content };
  } catch (cause) {
    throw damaged(file, cause);
  }
}

const damaged = (file: string, cause?: unknown) =>
  new WeightsError(`"${file}" is damaged: it is not a complete training checkpoint.`, { cause });

function checksumsOf(state: TrainingState): number[] {
  return arraysOf(state).map(([, values]) => crc32(values));
}
