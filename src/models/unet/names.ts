import type { Shape } from "../../tensor/tensor.ts";
import type { NameScheme, WeightsFamily } from "../name-scheme.ts";
import type { UNetConfig, UNetStage } from "./config.ts";

type Named = readonly [name: string, shape: Shape];

/** Official names of the layers of a U-Net, as nnU-Net's networks (dynamic-network-architectures) register them. */
export const layerNames = {
  stem: "encoder.stem.convs.0",
  plain: (stage: number, conv: number): string => `encoder.stages.${stage}.0.convs.${conv}`,
  block: (stage: number, block: number): string => `encoder.stages.${stage}.blocks.${block}`,
  /** The convolution of a block's skip path comes second where an average pooling comes first. */
  skip: (stage: number, block: number, isPooled: boolean): string => `encoder.stages.${stage}.blocks.${block}.skip.${isPooled ? 1 : 0}`,
  decoder: (stage: number, conv: number): string => `decoder.stages.${stage}.convs.${conv}`,
  up: (stage: number): string => `decoder.transpconvs.${stage}`,
  head: (stage: number): string => `decoder.seg_layers.${stage}`,
} as const;

/**
 * Every tensor of a U-Net by its official name, in the order of nnU-Net's files. These are the first names; a file of nnU-Net lists most
 * tensors again under second names, see `firstNameOf`.
 */
export function unetShapes(config: UNetConfig): Map<string, Shape> {
  return new Map([...(config.kind === "plain" ? plainEncoder(config) : residualEncoder(config)), ...decoderOf(config)]);
}

/**
 * The first name of a tensor of nnU-Net's files: a layer's parts are listed again in its `all_modules` (0 the convolution, 1 the
 * normalisation), and the encoder again in the decoder. Both share one storage.
 */
export function firstNameOf(name: string): string {
  return name
    .replace(/^decoder\.encoder\./, "encoder.")
    .replace(/\.all_modules\.([01])\./, (_, part: string) => (part === "0" ? ".conv." : ".norm."));
}

const official: NameScheme = { name: "nnU-Net", locate: (name) => name };

/** Weights of nnU-Net's 2D networks, in its checkpoints and in files of ours. The markers are names that the encoder's copy has not. */
export const unetFamily: WeightsFamily = {
  title: "nnU-Net",
  schemes: [official],
  markers: ["decoder.seg_layers.0.weight", "decoder.transpconvs.0.weight"],
  ignored: [/^decoder\.encoder\./, /\.all_modules\.[01]\./],
};

/** A convolution and its instance normalisation. */
function convNorm(name: string, from: number, to: number, kernel: readonly [number, number], hasBias: boolean): Named[] {
  return [
    [`${name}.conv.weight`, [to, from, ...kernel]],
    ...(hasBias ? [[`${name}.conv.bias`, [to]] as const] : []),
    [`${name}.norm.weight`, [to]],
    [`${name}.norm.bias`, [to]],
  ];
}

function plainEncoder({ stages, inputChannels, convBias }: UNetConfig): Named[] {
  return stages.flatMap(({ features, kernel, blocks }, s) => {
    const from = s === 0 ? inputChannels : stages[s - 1]!.features;
    return range(blocks).flatMap((i) => convNorm(layerNames.plain(s, i), i === 0 ? from : features, features, kernel, convBias));
  });
}

function residualEncoder({ stages, inputChannels, convBias }: UNetConfig): Named[] {
  const [{ features: first, kernel }] = stages as unknown as [UNetStage];
  const blocks = stages.flatMap((stage, s) => {
    const before = s === 0 ? first : stages[s - 1]!.features;
    return range(stage.blocks).flatMap((b) => residualBlock(s, b, b === 0 ? before : stage.features, stage, convBias));
  });
  return [...convNorm(layerNames.stem, inputChannels, first, kernel, convBias), ...blocks];
}

function residualBlock(s: number, b: number, from: number, { features, kernel, stride }: UNetStage, hasBias: boolean): Named[] {
  const name = layerNames.block(s, b);
  const skip = layerNames.skip(s, b, isStrided(stride));
  return [
    ...convNorm(`${name}.conv1`, from, features, kernel, hasBias),
    ...convNorm(`${name}.conv2`, features, features, kernel, hasBias),
    ...(from === features ? [] : convNorm(skip, from, features, [1, 1], false)),
  ];
}

function decoderOf({ stages, decoderConvs, outputs, convBias }: UNetConfig): Named[] {
  // Decoder stage s joins what comes from below with the skip connection of encoder stage n - 2 - s.
  const levels = decoderConvs.map((convs, s) => {
    const [below, skip] = [stages[stages.length - 1 - s]!, stages[stages.length - 2 - s]!];
    return { s, convs, below, skip };
  });
  const convs = levels.flatMap(({ s, convs, skip: { features, kernel } }) =>
    range(convs).flatMap((i) => convNorm(layerNames.decoder(s, i), i === 0 ? 2 * features : features, features, kernel, convBias)),
  );
  const ups = levels.flatMap(({ s, below, skip: { features } }): Named[] => [
    [`${layerNames.up(s)}.weight`, [below.features, features, ...below.stride]],
    ...(convBias ? [[`${layerNames.up(s)}.bias`, [features]] as const] : []),
  ]);
  const heads = levels.flatMap(({ s, skip: { features } }): Named[] => [
    [`${layerNames.head(s)}.weight`, [outputs, features, 1, 1]],
    [`${layerNames.head(s)}.bias`, [outputs]],
  ]);
  return [...convs, ...ups, ...heads];
}

/** Whether a stage makes the picture smaller. */
export function isStrided([rows, columns]: readonly [number, number]): boolean {
  return rows !== 1 || columns !== 1;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
