import { compile, flopsOf, input, type Value } from "../graph/index.ts";
import type { Image } from "../image/index.ts";
import { type ClipModel, type VisionTower, visionTower } from "../models/clip/index.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";

/** The part of a method that is the same for every text, as one graph. It holds a session: call `dispose` when done. */
export class ImagePart {
  private readonly model: ClipModel;
  private readonly pick: (tower: VisionTower) => Value;
  private readonly session = new SharedSession(() => compile({ part: this.graph() }, this.model.options));

  /** @param pick - what the method needs of the image tower, or makes of it */
  constructor(model: ClipModel, pick: (tower: VisionTower) => Value) {
    this.model = model;
    this.pick = pick;
  }

  /** Shape of what it gives. */
  get shape(): Shape {
    return this.graph().shape;
  }

  /** @param view - what the model sees: S x S pixels */
  async of(view: Image): Promise<Tensor> {
    const pixels = this.model.normalised(view);
    const { part } = await this.session.use((session) => session.run({ pixels }));
    return part!;
  }

  flops(): number {
    return flopsOf([this.graph()]);
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }

  private graph(): Value {
    return this.pick(towerOf(this.model, 1));
  }
}

/** The image tower on a batch of normalised `pixels` [B, 3, S, S]. */
export function towerOf({ weights, config }: ClipModel, batch: number): VisionTower {
  const { imageSize } = config.vision;
  return visionTower(input("pixels", "float32", [batch, 3, imageSize, imageSize]), weights, config);
}
