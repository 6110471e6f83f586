import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { WeightsError } from "../errors.ts";

const endings = /\.(safetensors|pth|pt|bin|ckpt)$/i;
const indexEnding = /\.index\.json$/i;
const shard = /-\d+-of-\d+\.\w+$/;

/** What training libraries put beside the weights, with the same endings. */
const companions = /^(optimizer|scheduler|scaler|rng_state.*|training_args|random_states.*|.*_optim_states)\.\w+$/;

/**
 * The file of weights in a folder: the first of the published names that is there, alone or as the index of a model in shards, else the only
 * file of weights whatever its name.
 *
 * @param what - of what model, for messages
 * @throws WeightsError when there is none, or several without a published name
 */
export async function weightsOfFolder(folder: string, published: readonly string[], what: string): Promise<string> {
  const names = (await readdir(folder)).sort();
  const first = published.flatMap((name) => [name, `${name}.index.json`]).find((name) => names.includes(name));
  if (first) return join(folder, first);
  const candidates = await filesOf(
    folder,
    names.filter((name) => indexEnding.test(name) || (endings.test(name) && !shard.test(name) && !companions.test(name))),
  );
  const [only, ...others] = candidates;
  if (only && others.length === 0) return join(folder, only);
  if (only) {
    throw new WeightsError(
      `"${folder}" holds ${candidates.length} files that may be the weights of ${what}: ${candidates.join(", ")}. Give the path of the file to use.`,
    );
  }
  if (names.some((name) => shard.test(name))) {
    throw new WeightsError(`"${folder}" holds weights in shards, but not their index (*.index.json). Download that file, too.`);
  }
  throw new WeightsError(
    `"${folder}" holds no weights of ${what}: expected ${published.join(", ")}, or one other file of weights; found ${names.slice(0, 8).join(", ") || "nothing"}.`,
  );
}

async function filesOf(folder: string, names: readonly string[]): Promise<string[]> {
  const are = await Promise.all(names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.isFile()));
  return names.filter((_, i) => are[i]);
}
