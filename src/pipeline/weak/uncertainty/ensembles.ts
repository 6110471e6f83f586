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
  restore,
  restoredLogits,
  slidingWindow,
  type WindowSettings,
} from "../../../nnunet/index.ts";
import type { SessionOptions } from "../../../runtime/session.ts";
import { thenDispose } from "../../../then-dispose.ts";
import { addMember, type Ensemble, type EnsembleResult, ensembleResult, startEnsemble } from "../../../uncertainty/index.ts";
import type { Member, Members } from "./members.ts";

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
export async function ensembleImages(
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
