import { ConfigError } from "../../errors.ts";
import { add, exportOnnx, input, mul } from "../../graph/index.ts";
import { unet } from "../../models/unet/index.ts";
import { channelNamesOf } from "../dataset/dataset-json.ts";
import type { ModelFolder } from "./model-folder.ts";

/** What the file says under `use`. */
const use = "For research only. It is not a medical device and must not be used for diagnosis or treatment.";

/**
 * A model as one .onnx file that any ONNX Runtime runs by itself: input "image" [batch, channels, height, width], cropped, normalised and resampled
 * as its model card says, with sides that the network's strides divide; output "logits" [batch, outputs, height, width], of several folds the mean.
 *
 * The model card (`modelCard`) is in the file's metadata, as texts by name: title, classes or regions, channels, normalisation, spacing, patch size and others.
 *
 * @throws ConfigError when the weights of all folds do not fit into one file
 */
export async function onnxModel(model: ModelFolder): Promise<Uint8Array> {
  const { network, folds } = model;
  const [height, width] = model.plans.plan2d.patchSize;
  const image = input("image", "float32", [1, network.inputChannels, height, width]);
  const each = folds.map(({ weights }) => unet(image, weights, network, { deepSupervision: false, isForwardOnly: true }).heads[0]!);
  if (each.length === 0) throw new ConfigError("onnxModel: the model has no folds");
  const logits = mul(
    each.reduce((sum, one) => add(sum, one)),
    1 / each.length,
  );
  const free = { 0: "batch", 2: "height", 3: "width" };
  const metadata = Object.fromEntries(
    Object.entries(modelCard(model)).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  return await exportOnnx({ logits }, { metadata, freeAxes: { image: free, logits: free } });
}

/** What such a file says about the model: values of JSON by name, which its metadata hold as texts. */
export function modelCard({ dataset, labels, plans, network, folds }: ModelFolder): Readonly<Record<string, unknown>> {
  const { plan2d, intensities } = plans;
  const ofChannels = channelNamesOf(dataset).map((name, c) => {
    const scheme = plan2d.normalisation[c]!;
    const { mean, std, percentile_00_5: low, percentile_99_5: high } = intensities[c]!;
    const numbers = scheme === "CTNormalization" ? { clipTo: [low, high], mean, std } : {};
    return { name, scheme, ...numbers, withinForegroundOnly: plan2d.useMaskForNorm[c]! };
  });
  const divisor = network.stages.reduce(([rows, columns], { stride }) => [rows! * stride[0], columns! * stride[1]], [1, 1]);
  const outputs = labels.regions
    ? { activation: "sigmoid", regions: labels.regions }
    : { activation: "softmax", classes: labels.entries.filter(({ values }) => values[0] !== labels.ignore) };
  const made = dataset.pseudo_labels;
  const labelled = made && {
    kind: "pseudo-labels: masks that a zero-shot pipeline made from text prompts, of which a gate kept those it trusts; no person drew or checked them",
    prompts: made.prompts,
    trueMasksUsed: made.true_masks_used,
    settings: `chosen on ${made.true_masks_used || "no"} true masks of other data sets`,
  };
  return {
    title: `nnU-Net for ${plans.datasetName}, ${folds.length === 1 ? `fold ${folds[0]!.name}` : `mean of folds ${folds.map(({ name }) => name).join(", ")}`}`,
    input: "image: crop to the pixels that are not zero, normalise each channel, resample to the spacing by cubic splines",
    output: "logits: average over windows and mirrored copies, resample linearly to the crop, then the activation",
    ...outputs,
    normalisation: ofChannels,
    spacing: plan2d.spacing,
    patchSize: plan2d.patchSize,
    sidesDivisibleBy: divisor,
    mirrorAxes: folds[0]!.mirrorAxes,
    ...(labelled && { labels: labelled }),
    use,
  };
}
