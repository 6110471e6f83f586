import { compile, flopsOf, input, type Value } from "../graph/index.ts";
import type { ClipModel, VisionTower } from "../models/clip/index.ts";
import { gridOf } from "../models/vit.ts";
import { feedsOf } from "../runtime/session.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { ImagePart } from "./_image-part.ts";
import type { SaliencyMethod } from "./saliency-method.ts";

/** A method without noise, as two graphs. */
export interface MethodGraphs extends Pick<SaliencyMethod, "layer">, Partial<Pick<SaliencyMethod, "grid" | "presence" | "warnings">> {
  /** What is computed once for an image, from the image tower on it. */
  image(tower: VisionTower): Value;
  /** The values [g · g] for a text, from what `image` gives and the text's features [1, E]. */
  text(hidden: Value, text: Value): Value;
}

/** A method without noise. Values along a side of its map are those of the image tower unless the graphs say otherwise. */
export function methodOfGraphs(model: ClipModel, { grid, presence, warnings = [], ...graphs }: MethodGraphs): SaliencyMethod {
  const { vision, embed } = model.config;
  const image = new ImagePart(model, graphs.image);
  const textGraph = () => graphs.text(input("hidden", "float32", image.shape), input("text", "float32", [1, embed]));
  const session = new SharedSession(() => compile({ values: textGraph() }, model.options));
  return {
    layer: graphs.layer,
    grid: grid ?? gridOf(vision),
    ...(presence !== undefined && { presence }),
    warnings,
    hiddenTokens: (view) => image.of(view),
    async attribute(hidden, text) {
      const feeds = { hidden, text: tensor("float32", [1, embed], new Float32Array(text)) };
      const { values } = await session.use((opened) => opened.run(feedsOf(opened, feeds)));
      return values!.data as Float32Array;
    },
    flops: () => ({ image: image.flops(), text: flopsOf([textGraph()]) }),
    dispose: () => thenDispose(() => image.dispose(), session),
  };
}
