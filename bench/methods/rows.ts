/** What is compared: the rows of each table. A new method is a row of `saliencyMethods` and appears by itself; a new baseline is one line here. */
import { coarseMask, type Image, type Mask, type Segmentation, type SegmentOptions, segment, type ZeroShotModel } from "../../src/index.ts";
import { keysOf } from "../../src/keys-of.ts";
import { promptsOfSet } from "../../src/pipeline/zero-shot/targets/prompts-of-set.ts";
import { saliencyMethods } from "../../src/saliency/index.ts";
import { promptSetKinds } from "../../src/targets/prompt-sets/kinds.ts";
import { pointRules } from "../../src/visual-prompts/index.ts";
import type { Item, ItemSet } from "./items.ts";

/** What a row gets of an image. */
export interface Given {
  readonly model: ZeroShotModel;
  readonly image: Image;
  readonly item: Item;
  readonly set: ItemSet;
  /** A table of the columns filename and class with the classes of the set's images, in a file. */
  readonly classes: string;
}

/** A way to make masks. */
export interface Row {
  readonly name: string;
  /** The masks by the name of the row of the table that they stand in. */
  readonly masks: (given: Given) => Promise<Readonly<Record<string, Mask>>>;
}

/** The coarse step that is the same for all methods; the third step is that of the pack. */
const common = ({ keep }: Item): SegmentOptions => ({ coarseMethod: "kmeans", keep, minArea: 0, minSaliency: 0 });

/** `layer` counts for methods that cut the tower: with towers of fewer blocks than BiomedCLIP's, 0.6 of their depth. */
function layerOf(model: ZeroShotModel, name: keyof typeof saliencyMethods): SegmentOptions {
  const { depth } = model.text.clip.config.vision;
  const cuts = (["m2ib", "nib"] as const).some((one) => one === name);
  return cuts && model.defaults.layer === undefined && depth < 12 ? { layer: Math.floor(0.6 * depth) } : {};
}

function segmentation(name: string, options: (given: Given) => SegmentOptions): Row {
  return {
    name,
    masks: async (given) => ({ [name]: (await found(given, options(given))).mask }),
  };
}

const found = ({ model, image, item }: Given, options: SegmentOptions): Promise<Segmentation> =>
  segment(model, image, item.prompt, { ...options, name: nameOf(item) });
const nameOf = ({ image }: Item): string => image.replace(/^.*\//, "");

const own = segmentation("the pack's own settings", () => ({}));

const saliency: readonly Row[] = [
  own,
  ...keysOf(saliencyMethods).flatMap((name) => {
    const options =
      (more: SegmentOptions) =>
      ({ model, item }: Given): SegmentOptions => ({
        ...{ saliencyMethod: name, ...layerOf(model, name), ...common(item), ...more },
      });
    const variants: [string, SegmentOptions][] = [
      [name, {}],
      ...(name === "m2ib" ? [["m2ib --fast", { fast: true }] as [string, SegmentOptions]] : []),
    ];
    return variants.flatMap(([title, more]) => [
      segmentation(title, options(more)),
      segmentation(`${title} --sam-affinity`, options({ ...more, samAffinity: true })),
    ]);
  }),
];

const visual: readonly Row[] = [
  segmentation("box", () => ({ visualPrompt: "box", perComponent: false })),
  segmentation("box per component", () => ({ visualPrompt: "box", perComponent: true })),
  segmentation("points", () => ({ visualPrompt: "points", perComponent: false })),
  segmentation("both", () => ({ visualPrompt: "both", perComponent: false })),
  segmentation("both, box per component", () => ({ visualPrompt: "both", perComponent: true })),
];

/** The text prompts of a set for the image, as `segment --prompt-set` gives them. */
function promptSet(kind: keyof typeof promptSetKinds): Row {
  return {
    name: kind,
    masks: async ({ model, image, item, set, classes }) => {
      const input = { file: item.image, name: nameOf(item), path: nameOf(item) };
      const classAware = promptSetKinds[kind].isPerClass ? classes : undefined;
      const { of } = await promptsOfSet({ promptSet: `${set.task}/${kind}`, classAware, seed: 42 }, [input]);
      const [target] = of(input) ?? [];
      if (!target) return {};
      return { [kind]: (await segment(model, image, target.sentences, { name: input.name })).mask };
    },
  };
}

const prompts: readonly Row[] = [own, ...keysOf(promptSetKinds).map(promptSet)];

/** The masks after each step of one run. */
function steps(method: "m2ib" | "the pack's own"): Row {
  return {
    name: method,
    masks: async (given) => {
      const { model, item } = given;
      const chosen: SegmentOptions = method === "m2ib" ? { saliencyMethod: method, ...layerOf(model, method) } : {};
      const { saliency, gray, mask, coarse } = await found(given, { ...chosen, ...common(item) });
      const data = Uint8Array.from(saliency.data, (value) => (value >= 0.5 ? 1 : 0));
      const { width, height } = saliency;
      return {
        [`${method}: saliency at 0.5`]: { width, height, data },
        [`${method}: + k-means`]: coarseMask(gray, { method: "kmeans", keep: width * height }).mask,
        [`${method}: + components`]: coarse,
        [`${method}: + SAM`]: mask,
      };
    },
  };
}

/** SAMAug's points on the first mask; the candidates are chosen as without them. */
const augmented = keysOf(pointRules).map((augmentPoints) => segmentation(`SAMAug, ${augmentPoints}`, () => ({ augmentPoints })));

/** The scores of the packs' SAM are untrained, as its fine-tuning has one mask of each prompt: no region may be left out by them. */
const salip = segmentation("SaLIP", ({ item: { keep } }) => {
  return { baseline: "salip", keep, pointsPerSide: 16, pointMasks: "single", predIou: 0, stability: 0.5 };
});

/** gScoreCAM, dense CRF and a box; the preset's number of channels is for towers of 768. */
const first = segmentation("MedCLIP-SAM v1", ({ model, item: { keep } }) => {
  const { width } = model.text.clip.config.vision;
  const channels = Math.min(300, width);
  return {
    saliencyMethod: "gscorecam",
    channels,
    coarseMethod: "crf",
    keep,
    minArea: 0,
    minSaliency: 0,
    visualPrompt: "box",
    perComponent: false,
  };
});

/** The tables by name. */
export const tables = {
  saliency,
  prompts,
  visual,
  ablation: [steps("m2ib"), steps("the pack's own")],
  baselines: [own, ...augmented, salip, first],
} as const satisfies Readonly<Record<string, readonly Row[]>>;
