import { isDeepStrictEqual } from "node:util";
import { ConfigError, WeightsError } from "../errors.ts";
import type { Plateau } from "../optim/index.ts";
import { openSafetensors, writeSafetensorsStream } from "../tensor/safetensors.ts";
import { readTensor } from "../tensor/stored-tensor.ts";
import { sameShape } from "../tensor/tensor.ts";
import type { TrainingState } from "./training-state.ts";

/** What a checkpoint holds beside arrays. */
export interface Progress {
  /** Steps made. */
  readonly step: number;
  readonly plateau: Plateau;
  readonly settings: object;
  /** The caller's own, plain JSON. */
  readonly progress: unknown;
}

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
  await writeSafetensorsStream(file, entries, produce, { training: JSON.stringify(progress) });
}

/**
 * Reads a checkpoint into the state.
 *
 * @throws WeightsError when the file is no checkpoint of such a model, ConfigError when it was made with other settings
 */
export async function loadCheckpoint(file: string, state: TrainingState, settings: object): Promise<Progress> {
  const { tensors, metadata } = await openSafetensors(file);
  if (metadata.training === undefined) throw new WeightsError(`"${file}" is not a training checkpoint: it says nothing of its progress.`);
  const progress = JSON.parse(metadata.training) as Progress;
  const [before, now] = [new Map(Object.entries(progress.settings)), new Map(Object.entries(settings))];
  const other = [...now.keys()].find((key) => !isDeepStrictEqual(now.get(key), before.get(key)));
  if (other) {
    const [was, is] = [before.get(other), now.get(other)].map((value) => JSON.stringify(value) ?? "the default");
    throw new ConfigError(`"${file}" was made with ${other} ${was}, not ${is}. Resume with the same settings, or begin anew.`);
  }
  for (const [array, values] of arraysOf(state)) {
    for (const { name, shape } of state.tensors.values()) {
      const stored = tensors.get(`${array}/${name}`);
      if (!stored || !sameShape(stored.shape, shape)) {
        const found = stored ? `has [${stored.shape}]` : "has none";
        throw new WeightsError(`"${file}": "${array}/${name}" should be [${shape}], the file ${found}. Is it of another model?`);
      }
      state.view(values, name).set((await readTensor(stored)).data as Float32Array);
    }
  }
  return progress;
}
