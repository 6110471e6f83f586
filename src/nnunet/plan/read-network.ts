import { z } from "zod";
import { InputError } from "../../errors.ts";
import { parsed } from "./parsed.ts";
import { defaultSlope, networkClasses } from "./plans-json.ts";
import type { Pair, PlannedNetwork } from "./types.ts";

const whole = z.number().int().positive();
const sizes = z.array(z.tuple([whole, whole])).min(1);
/** One number for all stages, or one each. */
const perStage = z.union([whole, z.array(whole)]);

/** Of version 2.8.1. Other keys would change the network, so they are refused. */
const Architecture = z.object({
  network_class_name: z.string(),
  arch_kwargs: z.strictObject({
    n_stages: whole,
    features_per_stage: z.array(whole),
    conv_op: z.literal("torch.nn.modules.conv.Conv2d"),
    kernel_sizes: sizes,
    strides: sizes,
    n_conv_per_stage: perStage.optional(),
    n_blocks_per_stage: perStage.optional(),
    n_conv_per_stage_decoder: perStage,
    conv_bias: z.boolean(),
    norm_op: z.literal("torch.nn.modules.instancenorm.InstanceNorm2d"),
    norm_op_kwargs: z.strictObject({ eps: z.number().positive(), affine: z.literal(true) }),
    dropout_op: z.null(),
    dropout_op_kwargs: z.union([z.null(), z.strictObject({})]),
    nonlin: z.enum(["torch.nn.LeakyReLU", "torch.nn.modules.activation.LeakyReLU"]),
    nonlin_kwargs: z.strictObject({ inplace: z.boolean().optional(), negative_slope: z.number().nonnegative().optional() }),
  }),
});

/** Of version 2.1.1. */
const OldLayout = z.looseObject({
  UNet_class_name: z.string(),
  UNet_base_num_features: whole,
  unet_max_num_features: whole,
  n_conv_per_stage_encoder: perStage,
  n_conv_per_stage_decoder: perStage,
  pool_op_kernel_sizes: sizes,
  conv_kernel_sizes: sizes,
});

/**
 * The network of a configuration in either layout.
 *
 * @param where - prefix of the keys in messages
 * @throws InputError when it is no plain or residual-encoder U-Net of the supported kind, or its lists do not fit together
 */
export function readNetwork(json: Readonly<Record<string, unknown>>, file: string, where: string, patchSize: Pair): PlannedNetwork {
  const network = json.architecture === undefined ? fromOldLayout(json, file, where) : fromArchitecture(json.architecture, file, where);
  const divisor = network.stages.reduce<Pair>(([rows, columns], { stride }) => [rows * stride[0], columns * stride[1]], [1, 1]);
  if (patchSize[0] % divisor[0] !== 0 || patchSize[1] % divisor[1] !== 0) {
    throw new InputError(
      `"${file}": ${where}patch_size is [${patchSize}], which the network's strides do not divide; expected multiples of [${divisor}].`,
    );
  }
  return network;
}

function fromArchitecture(json: unknown, file: string, where: string): PlannedNetwork {
  const { network_class_name: name, arch_kwargs: of } = parsed(Architecture, json, file, `${where}architecture.`);
  const kind = kindOf(name, file, `${where}architecture.network_class_name`);
  const blocks = of[networkClasses[kind].blocks];
  if (blocks === undefined) {
    throw new InputError(`"${file}" has no key "${where}architecture.arch_kwargs.${networkClasses[kind].blocks}", which a ${name} needs.`);
  }
  if (of.features_per_stage.length !== of.n_stages) {
    throw new InputError(
      `"${file}": ${where}architecture has n_stages ${of.n_stages}, but ${of.features_per_stage.length} features_per_stage.`,
    );
  }
  return networkOf(
    {
      kind,
      features: of.features_per_stage,
      kernels: of.kernel_sizes,
      strides: of.strides,
      blocks,
      decoderConvs: of.n_conv_per_stage_decoder,
      convBias: of.conv_bias,
      normEps: of.norm_op_kwargs.eps,
      slope: of.nonlin_kwargs.negative_slope ?? defaultSlope,
    },
    file,
    where,
  );
}

/** What 2.1.1 does not write is fixed in its code. */
function fromOldLayout(json: unknown, file: string, where: string): PlannedNetwork {
  const old = parsed(OldLayout, json, file, where);
  const kind = kindOf(old.UNet_class_name, file, `${where}UNet_class_name`);
  const features = old.pool_op_kernel_sizes.map((_, stage) => Math.min(old.UNet_base_num_features * 2 ** stage, old.unet_max_num_features));
  return networkOf(
    {
      kind,
      features,
      kernels: old.conv_kernel_sizes,
      strides: old.pool_op_kernel_sizes,
      blocks: old.n_conv_per_stage_encoder,
      decoderConvs: old.n_conv_per_stage_decoder,
      convBias: true,
      normEps: 1e-5,
      slope: defaultSlope,
    },
    file,
    where,
  );
}

function kindOf(name: string, file: string, key: string): PlannedNetwork["kind"] {
  for (const kind of ["plain", "residual-encoder"] as const) {
    const { className } = networkClasses[kind];
    if (name === className || name === className.slice(className.lastIndexOf(".") + 1)) return kind;
  }
  throw new InputError(`"${file}": ${key} is "${name}"; supported are PlainConvUNet and ResidualEncoderUNet.`);
}

interface Lists extends Omit<PlannedNetwork, "stages" | "decoderConvs"> {
  readonly features: readonly number[];
  readonly kernels: readonly Pair[];
  readonly strides: readonly Pair[];
  readonly blocks: number | readonly number[];
  readonly decoderConvs: number | readonly number[];
}

/** Joins the lists by stage. */
function networkOf({ features, kernels, strides, blocks, decoderConvs, ...rest }: Lists, file: string, where: string): PlannedNetwork {
  const count = features.length;
  const [blockList, convList] = [spread(blocks, count), spread(decoderConvs, count - 1)];
  const lists = { kernels, strides, blocks: blockList, "decoder convolutions + 1": ["", ...convList] };
  for (const [name, list] of Object.entries(lists)) {
    if (list.length === count) continue;
    throw new InputError(
      `"${file}": the network of ${where.replace(/\.$/, "")} has features of ${count} stages, but ${list.length} ${name}.`,
    );
  }
  const stages = features.map((width, i) => ({ features: width, kernel: kernels[i]!, stride: strides[i]!, blocks: blockList[i]! }));
  return { ...rest, stages, decoderConvs: convList };
}

const spread = (value: number | readonly number[], count: number): readonly number[] =>
  typeof value === "number" ? Array<number>(count).fill(value) : value;
