/** Sizes of a 2D U-Net as nnU-Net plans it. */
export interface UNetConfig {
  /** Encoder of plain convolutions (PlainConvUNet), or of residual blocks (ResidualEncoderUNet). Both have the same decoder. */
  readonly kind: "plain" | "residual-encoder";
  readonly inputChannels: number;
  /** Channels of the segmentation heads: classes with the background, or regions. */
  readonly outputs: number;
  /** From full size down; the last stage is the bottleneck. */
  readonly stages: readonly UNetStage[];
  /** Convolutions of each decoder stage, from the bottleneck up; one fewer than encoder stages. */
  readonly decoderConvs: readonly number[];
  /** Whether convolutions have a bias; those of skip paths never have one, the heads always. */
  readonly convBias: boolean;
  /** ε of the instance normalisations. */
  readonly normEps: number;
  /** Slope of the leaky ReLU below 0. */
  readonly slope: number;
}

/** Sizes of one stage of the encoder. */
export interface UNetStage {
  readonly features: number;
  /** [rows, columns], odd. */
  readonly kernel: readonly [number, number];
  /** [rows, columns], of the first convolution of the stage. */
  readonly stride: readonly [number, number];
  /** Convolutions of a plain stage, residual blocks otherwise. */
  readonly blocks: number;
}
