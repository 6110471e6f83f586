import { ConfigError } from "../errors.ts";
import { substitute, type Value } from "../graph/index.ts";
import { type ClipModel, projectClassToken, type VisionTower, visionWeights } from "../models/clip/index.ts";
import { gridOf, poolClassToken } from "../models/vit.ts";
import { towerOf } from "./_image-part.ts";

/** The image tower lacks the layer that was asked for, or that is the default. */
export class MissingLayerError extends ConfigError {
  constructor({ config, weights }: ClipModel, layer: number) {
    const { depth } = config.vision;
    super(
      `layer ${layer} does not exist: the image tower of "${weights.file}" has blocks 0 to ${depth - 1}. Use --layer 0 to ${Math.max(depth - 2, 0)}.`,
    );
  }
}

/** The image tower in two parts: the blocks up to one, which run once an image, and those after it, which are differentiated. */
export class CutTower {
  readonly model: ClipModel;
  /** The last block before the cut; -1 if all blocks are behind it. */
  readonly layer: number;

  private constructor(model: ClipModel, layer: number) {
    this.model = model;
    this.layer = layer;
  }

  /** @throws ConfigError when the model has no such block */
  static afterBlock(model: ClipModel, layer: number): CutTower {
    checkLayer(model, layer);
    return new CutTower(model, layer);
  }

  /** @throws ConfigError when the model has no such block */
  static beforeBlock(model: ClipModel, layer: number): CutTower {
    checkLayer(model, layer);
    return new CutTower(model, layer - 1);
  }

  /** Whether the cut is after the last block. */
  get isLast(): boolean {
    return this.layer === this.model.config.vision.depth - 1;
  }

  /** Things worth a warning where the text's gradient is taken at the cut. */
  get warnings(): string[] {
    if (!this.isLast) return [];
    return [
      `layer ${this.layer} is the last block: after it the patches no longer affect the class token, so the map does not depend on the text`,
    ];
  }

  /** Tokens of the image tower, class token included. */
  get tokens(): number {
    return gridOf(this.model.config.vision) ** 2 + 1;
  }

  /** The tokens [B, T, D] at the cut. */
  readonly tokensOf = ({ embedded, blocks }: VisionTower): Value => blocks[this.layer] ?? embedded;

  /** The image features [B, E] if the tokens at the cut were z [B, T, D]. */
  featuresBehind(z: Value): Value {
    const { weights, config } = this.model;
    if (this.isLast) return projectClassToken(poolClassToken(z, visionWeights(weights, config), config.vision), weights, config);
    return this.behind(z, ({ features }) => [features])[0]!;
  }

  /**
   * Values of the tower behind the cut if the tokens there were z [B, T, D].
   *
   * @param pick - those that are wanted, each depending on the tokens at the cut
   */
  behind(z: Value, pick: (tower: VisionTower) => readonly Value[]): Value[] {
    const tower = towerOf(this.model, z.shape[0]!);
    return substitute(pick(tower), new Map([[this.tokensOf(tower), z]]));
  }
}

function checkLayer(model: ClipModel, layer: number): void {
  if (!(layer >= 0 && layer < model.config.vision.depth)) throw new MissingLayerError(model, layer);
}
