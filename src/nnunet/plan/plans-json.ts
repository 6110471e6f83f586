import type { IntensityProperties, Plan2d, PlannedNetwork, Plans } from "./types.ts";

/** nnU-Net's resampling of images, labels and probabilities, which is ours. */
export const resampling = {
  resampling_fn_data: "resample_data_or_seg_to_shape",
  resampling_fn_seg: "resample_data_or_seg_to_shape",
  resampling_fn_data_kwargs: { is_seg: false, order: 3, order_z: 0, force_separate_z: null },
  resampling_fn_seg_kwargs: { is_seg: true, order: 1, order_z: 0, force_separate_z: null },
  resampling_fn_probabilities: "resample_data_or_seg_to_shape",
  resampling_fn_probabilities_kwargs: { is_seg: false, order: 1, order_z: 0, force_separate_z: null },
} as const;

/** Classes of the networks in a plans file, and how they call the blocks of an encoder stage. */
export const networkClasses = {
  plain: { className: "dynamic_network_architectures.architectures.unet.PlainConvUNet", blocks: "n_conv_per_stage" },
  "residual-encoder": { className: "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet", blocks: "n_blocks_per_stage" },
} as const;

/**
 * The content of a plans file in the layout of nnU-Net 2.8.1 (since 2.4), with all keys that it writes for 2D images; nnU-Net trains and predicts with it.
 *
 * @example await writeFile(`${plans.plansName}.json`, JSON.stringify(plansJson(plans), null, 4));
 */
export function plansJson(plans: Plans): Record<string, unknown> {
  return {
    dataset_name: plans.datasetName,
    plans_name: plans.plansName,
    original_median_spacing_after_transp: plans.medianSpacing,
    original_median_shape_after_transp: plans.medianShape,
    image_reader_writer: plans.imageReader,
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    configurations: { "2d": configurationJson(plans.plan2d) },
    experiment_planner_used: plans.planner,
    label_manager: "LabelManager",
    foreground_intensity_properties_per_channel: intensitiesJson(plans.intensities),
  };
}

/** By channel number, with the keys in nnU-Net's order. */
export function intensitiesJson(intensities: readonly IntensityProperties[]): Record<string, IntensityProperties> {
  const ordered = ({ max, mean, median, min, percentile_00_5, percentile_99_5, std }: IntensityProperties): IntensityProperties => {
    return { max, mean, median, min, percentile_00_5, percentile_99_5, std };
  };
  return Object.fromEntries(intensities.map((properties, channel) => [String(channel), ordered(properties)]));
}

function configurationJson(plan: Plan2d): Record<string, unknown> {
  return {
    data_identifier: "nnUNetPlans_2d",
    preprocessor_name: "DefaultPreprocessor",
    batch_size: plan.batchSize,
    patch_size: plan.patchSize,
    median_image_size_in_voxels: plan.medianSize,
    spacing: plan.spacing,
    normalization_schemes: plan.normalisation,
    use_mask_for_norm: plan.useMaskForNorm,
    ...resampling,
    architecture: architectureJson(plan.network),
    batch_dice: plan.batchDice,
  };
}

function architectureJson({ kind, stages, decoderConvs, convBias, normEps, slope }: PlannedNetwork): Record<string, unknown> {
  const { className, blocks } = networkClasses[kind];
  return {
    network_class_name: className,
    arch_kwargs: {
      n_stages: stages.length,
      features_per_stage: stages.map(({ features }) => features),
      conv_op: "torch.nn.modules.conv.Conv2d",
      kernel_sizes: stages.map(({ kernel }) => kernel),
      strides: stages.map(({ stride }) => stride),
      [blocks]: stages.map((stage) => stage.blocks),
      n_conv_per_stage_decoder: decoderConvs,
      conv_bias: convBias,
      norm_op: "torch.nn.modules.instancenorm.InstanceNorm2d",
      norm_op_kwargs: { eps: normEps, affine: true },
      dropout_op: null,
      dropout_op_kwargs: null,
      nonlin: "torch.nn.LeakyReLU",
      nonlin_kwargs: { inplace: true, ...(slope !== defaultSlope && { negative_slope: slope }) },
    },
    _kw_requires_import: ["conv_op", "norm_op", "dropout_op", "nonlin"],
  };
}

/** PyTorch's slope of a leaky ReLU below 0. */
export const defaultSlope = 0.01;
