import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { type ModelFolder, openModelFolder } from "../../../nnunet/index.ts";
import { modelIn } from "../model-in.ts";
import type { WeakUncertaintySettings } from "./settings.ts";

/** A member of an ensemble: a network, and which mirrored copies of an image it sees. */
export interface Member {
  readonly name: string;
  /** Its weights. */
  readonly file: string;
  /** Axes that are mirrored at once; undefined: the average over all four copies. */
  readonly mirrored?: readonly (0 | 1)[] | undefined;
}

/** The members of an ensemble, and the model that they share. */
export interface Members {
  readonly model: ModelFolder;
  readonly members: readonly Member[];
}

/** Files of kept checkpoints. */
const kept = /^checkpoint_(\d+)\.safetensors$/;

/**
 * Finds the members that settings name.
 *
 * @throws ConfigError when a training kept no checkpoints, or the folders are of different plans
 * @throws WeightsError when a folder holds no model
 */
export async function membersOf({ model: folders, members }: Pick<WeakUncertaintySettings, "model" | "members">): Promise<Members> {
  const kind = members ?? (folders.length > 1 ? "models" : "checkpoints");
  if (kind !== "models" && folders.length > 1)
    throw new ConfigError(`weak uncertainty: --members ${kind} are those of one model, but --model names ${folders.length}. Name one.`);
  const models = await Promise.all(folders.map((folder) => openModelFolder(modelIn(folder))));
  const [model] = models as [ModelFolder];
  if (kind === "models") {
    for (const [i, other] of models.entries()) {
      if (JSON.stringify([other.network, other.labels]) === JSON.stringify([model.network, model.labels])) continue;
      throw new ConfigError(`weak uncertainty: "${folders[i]}" has another network or other labels than "${folders[0]}".`);
    }
    const each = models.flatMap(({ folds }, i) =>
      folds.map(({ name, weights }) => ({ name: `${basename(folders[i]!)}/${name}`, file: weights.file })),
    );
    return { model, members: each };
  }
  if (kind === "mirrors") {
    const { file } = model.folds[0]!.weights;
    const copies = [[], [0], [1], [0, 1]] as const;
    return { model, members: copies.map((mirrored) => ({ name: `mirrored ${mirrored.join("+") || "not"}`, file, mirrored })) };
  }
  const checkpoints = await keptCheckpoints(model);
  if (checkpoints.length > 0) return { model, members: checkpoints };
  throw new ConfigError(`weak uncertainty: "${folders[0]}" has no kept checkpoints. Train with --keep late, or use --members mirrors.`);
}

/** The checkpoints that the first fold of a model kept, beside its last and best one; there may be none. */
export async function keptCheckpoints({ folds }: Pick<ModelFolder, "folds">): Promise<Member[]> {
  const place = dirname(folds[0]!.weights.file);
  const found = (await readdir(place)).flatMap((name) => {
    const [, epoch] = kept.exec(name) ?? [];
    return epoch === undefined ? [] : [{ name: `epoch ${Number(epoch) + 1}`, file: join(place, name), epoch: Number(epoch) }];
  });
  return found.sort((a, b) => a.epoch - b.epoch).map(({ name, file }) => ({ name, file }));
}
