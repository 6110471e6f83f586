import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { isRandom, type ModelOrigin, originIn } from "../models/origin.ts";
import { splitAddress } from "../models/weights.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import { embeddedPack, type Pack, packIn } from "./pack.ts";

/**
 * Where the weights of a file come from: from the `pack.json` around them, if they are a pack's, and from their own metadata.
 *
 * @param weights - as in `ClipFiles` and `SamFiles`
 */
export async function originOf(weights: string): Promise<ModelOrigin> {
  const { file } = splitAddress(weights);
  const pack = await packAround(file);
  return { ...originIn(await metadataOfFile(file)), ...(pack && (await originOfPack(pack))) };
}

/** What a pack says about its models. */
export async function originOfPack({ name, folder, notice, label }: Pack): Promise<ModelOrigin> {
  const embedded = await embeddedPack(name);
  const isEmbedded = embedded !== undefined && (await real(embedded.folder)) === (await real(folder));
  return { pack: isEmbedded ? name : folder, notice, ...(label !== undefined && { label }) };
}

/** Whether a file holds weights that `writeRandomWeights` has written. */
export async function areRandom(file: string): Promise<boolean> {
  return isRandom((await metadataOfFile(file)).weights);
}

/** Empty for files of other formats. */
async function metadataOfFile(file: string): Promise<Record<string, string>> {
  return await openSafetensors(file).then(
    ({ metadata }) => metadata,
    () => ({}),
  );
}

/** The pack to which a file of weights belongs: its `pack.json` lies beside the file, or one folder above. */
async function packAround(given: string): Promise<Pack | undefined> {
  const file = await real(given);
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const pack = await packIn(folder).catch(() => undefined);
    if (pack && [pack.clip, pack.sam].some((model) => model === file || model === dirname(file))) return pack;
  }
  return undefined;
}

const real = (path: string): Promise<string> => realpath(path).catch(() => path);
