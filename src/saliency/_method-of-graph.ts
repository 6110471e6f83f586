import { compile, flopsOf, input, type Value } from "../graph/index.ts";
import type { Session } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
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
  let session: Promise<Session> | undefined;
  return {
    layer: cut.layer,
    warnings,
    hiddenTokens: (view) => cut.hiddenTokens(view),
    async attribute(hidden, text) {
      session ??= compile({ values: graph() }, cut.model.options);
      const { values } = await (await session).run({ hidden, text: tensor("float32", [1, embed], new Float32Array(text)) });
      return values!.data as Float32Array;
    },
    flops: () => flopsOf([cut.trunkGraph(), graph()]),
    async dispose() {
      const opened = await session;
      session = undefined;
      await Promise.all([cut.dispose(), opened?.dispose()]);
    },
  };
}
