import type { ClassMaps } from "../../../image/index.ts";
import { unetFamily, unetShapes } from "../../../models/unet/index.ts";
import { Weights } from "../../../models/weights.ts";
import {
  type CaseImage,
  type CaseProperties,
  type PreprocessedCase,
  patchNetwork,
  preprocess,
  preprocessSettingsOf,
  readCaseImage,
  restore,
  restoredLogits,
  slidingWindow,
  type WindowSettings,
} from "../../../nnunet/index.ts";
import { isWritten } from "../../../run/input-files.ts";
import type { Item } from "../../../run/items.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { thenDispose } from "../../../then-dispose.ts";
import { addMember, type Ensemble, type EnsembleResult, ensembleResult, startEnsemble } from "../../../uncertainty/index.ts";
import type { Member, Members } from "./members.ts";

/** An image to run an ensemble on. */
export interface EnsembleItem extends Item {
  /** One for each channel, or one that holds all. */
  readonly files: readonly string[];
}

/** What an ensemble is run with. */
export interface EnsemblesOf {
  readonly found: Members;
  readonly options: EnsembleOptions;
}

/** Images whose ensembles are computed together: each network is opened once for all of them. */
export const together = 32;

/**
 * Ensembles of images in turn: with that of one image those of the next ones are made, as far as their results are not there yet. Images that cannot
 * be read are passed over, until they are asked for.
 *
 * @returns the ensemble of an image, to be asked for in the order of the items, each once
 */
export function ensembleQueue(items: readonly EnsembleItem[], { found, options }: EnsemblesOf) {
  const ready = new Map<string, EnsembledImage & { readonly image: CaseImage }>();
  const read = ({ name, files }: EnsembleItem) => readCaseImage({ name, images: files }, found.model.dataset);
  return async (name: string): Promise<EnsembledImage & { readonly image: CaseImage }> => {
    if (!ready.has(name)) {
      const from = items.findIndex((item) => item.name === name);
      const batch = [await read(items[from]!)];
      for (const item of items.slice(from + 1, from + together)) {
        if ((await Promise.all(item.outputs.map(isWritten))).every(Boolean)) continue;
        const image = await read(item).catch(() => undefined); // reported at its turn
        if (image) batch.push(image);
      }
      ready.clear();
      for (const [i, one] of (await ensembleImages(batch, found, options)).entries())
        ready.set(batch[i]!.name, { ...one, image: batch[i]! });
    }
    const one = ready.get(name)!;
    ready.delete(name);
    return one;
  };
}

export interface EnsembleOptions {
  readonly meanOf: "probabilities" | "logits";
  readonly threshold: number;
  readonly windows: WindowSettings;
  readonly session: SessionOptions;
}

/** An image and its ensemble. */
export interface EnsembledImage {
  readonly result: EnsembleResult;
  readonly properties: CaseProperties;
}

/**
 * Ensembles of several images at once: each network is opened once for all of them. Memory: 8 (K + 1) bytes a pixel of each image, and one network.
 *
 * @throws WeightsError when a member does not fit the model
 */
async function ensembleImages(
  images: readonly CaseImage[],
  { model, members }: Members,
  { meanOf, threshold, windows, session }: EnsembleOptions,
): Promise<EnsembledImage[]> {
  const settings = preprocessSettingsOf(model.plans);
  const cases = images.map((image): PreprocessedCase => preprocess({ image, spacing: image.spacing ?? [1, 1] }, settings));
  const ensembles = images.map(({ width, height }): Ensemble => {
    return startEnsemble({ count: windows.outputs, areExclusive: windows.areExclusive, width, height }, { meanOf, threshold });
  });
  for (const [file, own] of byFile(members)) {
    const weights = await Weights.open(file, unetFamily);
    weights.check(unetShapes(model.network));
    const network = patchNetwork(weights, model.network, session);
    await thenDispose(async () => {
      for (const [i, { properties, ...planes }] of cases.entries()) {
        for (const { mirrored } of own) {
          const logits = await slidingWindow(planes, network.predict, mirrored ? { ...windows, onlyMirrored: mirrored } : windows);
          addMember(ensembles[i]!, mapsOf(logits, properties, meanOf));
        }
      }
    }, network);
  }
  return cases.map(({ properties }, i) => ({ result: ensembleResult(ensembles[i]!), properties }));
}

function mapsOf(logits: ClassMaps<"logits">, properties: CaseProperties, meanOf: EnsembleOptions["meanOf"]): ClassMaps {
  return meanOf === "probabilities" ? restore(logits, properties) : restoredLogits(logits, properties);
}

function byFile(members: readonly Member[]): Map<string, Member[]> {
  const files = new Map<string, Member[]>();
  for (const member of members) files.set(member.file, [...(files.get(member.file) ?? []), member]);
  return files;
}
