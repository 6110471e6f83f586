import { WeightsError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import { type Weights as OpenedWeights, openWeights, type WeightsFile } from "../../tensor/open-weights.ts";

/** What a checkpoint says beside its weights. */
export interface CheckpointInfo {
  /** The configuration of the plans that it was trained with: "2d", or one that inherits from it. */
  readonly configuration: string;
  /** Axes along which images may be mirrored in prediction: 0 of rows, 1 of columns. */
  readonly mirrorAxes: readonly (0 | 1)[];
}

/** Key in the metadata of a safetensors file, whose value is the information as JSON. */
export const infoKey = "nnunet";

/** nnU-Net's, and those of its 2D trainers. */
const defaults: CheckpointInfo = { configuration: "2d", mirrorAxes: [0, 1] };

/**
 * What a torch checkpoint or safetensors file says of itself; what it leaves out is as nnU-Net's trainers have it.
 *
 * @throws WeightsError when it cannot be read
 */
export async function readCheckpointInfo(weights: WeightsFile): Promise<CheckpointInfo> {
  const file = typeof weights === "string" ? weights : weights.name;
  const { kind, metadata, values } = await openWeights(weights);
  const { configuration, axes } = kind === "safetensors" ? ofSafetensors(metadata, file) : ofTorch(values);
  const mirrorAxes = axes === undefined || axes === null ? defaults.mirrorAxes : checkedAxes(axes, file);
  return { configuration: typeof configuration === "string" ? configuration : defaults.configuration, mirrorAxes };
}

interface Found {
  readonly configuration: unknown;
  readonly axes: unknown;
}

function ofTorch({ init_args: settings, inference_allowed_mirroring_axes: axes }: OpenedWeights["values"]): Found {
  return { configuration: (settings as { readonly configuration?: unknown } | undefined)?.configuration, axes };
}

function ofSafetensors({ [infoKey]: text }: OpenedWeights["metadata"], file: string): Found {
  const info = text === undefined ? {} : (parseJson(text, `${file}: ${infoKey}`, WeightsError) as Partial<CheckpointInfo>);
  return { configuration: info.configuration, axes: info.mirrorAxes };
}

function checkedAxes(axes: unknown, file: string): (0 | 1)[] {
  const isAxis = (axis: unknown): axis is 0 | 1 => axis === 0 || axis === 1;
  if (Array.isArray(axes) && axes.every(isAxis)) return axes;
  throw new WeightsError(`"${file}": mirror axes must be 0 and 1 for 2D images, got ${JSON.stringify(axes)}. Was it trained on volumes?`);
}
