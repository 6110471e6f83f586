import type { Value } from "../../src/graph/index.ts";
import { NamedWeights } from "../../src/models/named-weights.ts";
import type { Shape } from "../../src/tensor/tensor.ts";

/** Weights of a model whose tensors are made, each once, when they are first read: inputs of a graph, or constants. */
export class MadeWeights extends NamedWeights {
  readonly values = new Map<string, Value>();
  private readonly shapes: ReadonlyMap<string, Shape>;
  private readonly make: (official: string, shape: Shape) => Value;

  constructor(shapes: ReadonlyMap<string, Shape>, make: (official: string, shape: Shape) => Value) {
    super();
    this.shapes = shapes;
    this.make = make;
  }

  override has(official: string): boolean {
    return this.shapes.has(official);
  }

  override shapeOf(official: string): Shape {
    return this.shapes.get(official)!;
  }

  override get(official: string): Value {
    const value = this.values.get(official) ?? this.make(official, this.shapeOf(official));
    this.values.set(official, value);
    return value;
  }

  override parts(official: string): Value[] {
    throw new Error(`"${official}" is not made of parts`);
  }
}
