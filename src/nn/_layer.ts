import { described } from "../check/described.ts";
import { ShapeError } from "../errors.ts";
import { shapeOf } from "../graph/arguments.ts";
import type { Value } from "../graph/index.ts";

/**
 * A layer's parameters as they are used.
 *
 * @param parameters - what each must be: its number of axes
 * @throws ShapeError when the layer is no object, or one that must be there is no value of so many axes
 */
export function checkedLayer<T extends object>(layer: T, what: string, parameters: { readonly [name in keyof T]?: number }): T {
  if (typeof layer !== "object" || layer === null) throw new ShapeError(`${what}: a layer was expected, got ${described(layer)}.`);
  for (const [name, axes] of Object.entries<number>(parameters as Record<string, number>))
    shapeOf((layer as Record<string, Value>)[name]!, `${what}: ${name}`, axes);
  return layer;
}
