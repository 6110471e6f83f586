import { compile, flopsOf, input, type Value } from "../graph/index.ts";
import { gridOf } from "../models/vit.ts";
import { feedsOf } from "../runtime/session.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import type { CutTower } from "./_cut-tower.ts";
import type { SaliencyMethod } from "./saliency-method.ts";

/**
 * A method without noise.
 *
 * @param valuesOf - the patches' values [g · g] from the tokens at the cut, class token included [1, T, D], and the text's features [1, E]
 */
export function methodOfGraph(
  cut: CutTower,
  valuesOf: (hidden: Value, text: Value) => Value,
  warnings: readonly string[] = [],
): SaliencyMethod {
  const { vision, embed } = cut.model.config;
  const graph = () => valuesOf(input("hidden", "float32", [1, cut.tokens, vision.width]), input("text", "float32", [1, embed]));
  const session = new SharedSession(() => compile({ values: graph() }, cut.model.options));
  return {
    layer: cut.layer,
    grid: gridOf(vision),
    warnings,
    hiddenTokens: (view) => cut.hiddenTokens(view),
    async attribute(hidden, text) {
      const feeds = { hidden, text: tensor("float32", [1, embed], new Float32Array(text)) };
      const { values } = await session.use((opened) => opened.run(feedsOf(opened, feeds)));
      return values!.data as Float32Array;
    },
    flops: () => ({ image: flopsOf([cut.trunkGraph()]), text: flopsOf([graph()]) }),
    dispose: () => thenDispose(() => cut.dispose(), session),
  };
}
