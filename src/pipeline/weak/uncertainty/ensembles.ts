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
import type { Item } from "../../../run/items.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { countOf } from "../../../scans/names.ts";
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

/** Images whose ensembles are computed together at first and at most: each network is opened once for all of them. */
export const together = { first: 8, most: 32 } as const;

/** A batch that takes less is followed by one of twice as many images; longer ones would show no progress, and lose more when a run is killed. */
const shortMs = 60_000;

/** Says what is done now. */
type Tell = (message: string) => void;

/** Ensembles of images in turn. */
export interface EnsembleQueue {
  /** Says which images will be asked for, in this order. */
  expect(items: readonly Item[]): void;
  /** The ensemble of an image, once. @throws InputError when the image cannot be read */
  of(item: EnsembleItem, tell: Tell): Promise<EnsembledImage & { readonly image: CaseImage }>;
}

/** A queue of ensembles: with that of one image those of the next expected ones are made. Images that cannot be read are passed over, until they are asked for. */
export function ensembleQueue(items: readonly EnsembleItem[], { found, options }: EnsemblesOf): EnsembleQueue {
  let size: number = together.first;
  let expected = items;
  const ready = new Map<string, EnsembledImage & { readonly image: CaseImage }>();
  const read = ({ name, files }: EnsembleItem) => readCaseImage({ name, images: files }, found.model.dataset);
  const make = async (item: EnsembleItem, tell: Tell): Promise<void> => {
    const batch = [await read(item)];
    const from = expected.findIndex(({ name }) => name === item.name) + 1;
    for (const next of from === 0 ? [] : expected.slice(from, from + size - 1)) {
      const image = await read(next).catch(() => undefined); // reported at its turn
      if (image) batch.push(image);
    }
    ready.clear();
    const start = performance.now();
    for (const [i, one] of (await ensembleImages(batch, found, options, tell)).entries())
      ready.set(batch[i]!.name, { ...one, image: batch[i]! });
    if (performance.now() - start < shortMs) size = Math.min(together.most, 2 * size);
  };
  return {
    expect: (todo) => {
      const names = new Set(todo.map(({ name }) => name));
      expected = items.filter(({ name }) => names.has(name));
    },
    of: async (item, tell) => {
      if (!ready.has(item.name)) await make(item, tell);
      const one = ready.get(item.name)!;
      ready.delete(item.name);
      return one;
    },
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
  tell: Tell,
): Promise<EnsembledImage[]> {
  const settings = preprocessSettingsOf(model.plans);
  const cases = images.map((image): PreprocessedCase => preprocess({ image, spacing: image.spacing ?? [1, 1] }, settings));
  const ensembles = images.map(({ width, height }): Ensemble => {
    return startEnsemble({ count: windows.outputs, areExclusive: windows.areExclusive, width, height }, { meanOf, threshold });
  });
  const networks = byFile(members);
  let done = 0;
  for (const [file, own] of networks) {
    tell(`${countOf(images.length, "image")}: ${own[0]!.name}, ${++done} of ${countOf(networks.size, "network")}`);
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
