import { uniform } from "../tensor/random.ts";
import type { Shape } from "../tensor/tensor.ts";

/** Low-rank adaptation: beside frozen weights, products of two thin matrices are trained. @see Hu et al. 2021, arXiv:2106.09685 */
export interface Lora {
  readonly rank: number;
  /** The addition is alpha / rank · B · A. */
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** Where an adapter can sit in a layer. */
export const loraTargets = ["query", "key", "value", "out", "fc1", "fc2"] as const;
export type LoraTarget = (typeof loraTargets)[number];

/** The projections of both towers by the last part of their official names; the rows of a fused one in their order. */
const projections: readonly (readonly [suffix: string, parts: readonly LoraTarget[]])[] = [
  [".attn.qkv", ["query", "key", "value"]],
  [".attn.proj", ["out"]],
  [".mlp.fc1", ["fc1"]],
  [".mlp.fc2", ["fc2"]],
  [".attn.in_proj", ["query", "key", "value"]],
  [".attn.out_proj", ["out"]],
  [".mlp.c_fc", ["fc1"]],
  [".mlp.c_proj", ["fc2"]],
  [".attention.self.query", ["query"]],
  [".attention.self.key", ["key"]],
  [".attention.self.value", ["value"]],
  [".attention.output.dense", ["out"]],
  [".intermediate.dense", ["fc1"]],
  [".output.dense", ["fc2"]],
];

const short: Record<LoraTarget, string> = { query: "q", key: "k", value: "v", out: "o", fc1: "fc1", fc2: "fc2" };

function partsOf(module: string): readonly LoraTarget[] {
  return projections.find(([suffix]) => module.endsWith(suffix))?.[1] ?? [];
}

/** Name of the adapter beside a part of a projection, such as "visual.trunk.blocks.0.attn.qkv.v"; undefined where none can sit. */
export function loraSite(module: string, part: number): string | undefined {
  const target = partsOf(module)[part];
  return target && `${module}.${short[target]}`;
}

/** An adapter and the rows of the weight that it is added to. */
export interface LoraAdapter {
  /** Its factors are `<site>.A` [rank, in] and `<site>.B` [out, rank]. */
  readonly site: string;
  /** Name of the weight, [rows, in]. */
  readonly weight: string;
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: number;
}

/** All adapters of a model, in the order of its tensors. */
export function loraAdapters(tensors: ReadonlyMap<string, Shape>, { targets }: Lora): LoraAdapter[] {
  return [...tensors].flatMap(([weight, shape]) => {
    if (!weight.endsWith(".weight")) return [];
    const module = weight.slice(0, -".weight".length);
    const parts = partsOf(module);
    const rows = shape[0]! / Math.max(parts.length, 1);
    return parts.flatMap((target, part) =>
      targets.includes(target) ? [{ site: loraSite(module, part)!, weight, firstRow: part * rows, rows, columns: shape[1]! }] : [],
    );
  });
}

/** Names and shapes of the trained factors. */
export function loraTensors(adapters: readonly LoraAdapter[], { rank }: Lora): Map<string, Shape> {
  return new Map(
    adapters.flatMap(({ site, rows, columns }): [string, Shape][] => [
      [`${site}.A`, [rank, columns]],
      [`${site}.B`, [rows, rank]],
    ]),
  );
}

/** Start of a factor: A uniform in ±1/√in, by name and seed; B zero, so that training begins at the model as it is. */
export function loraStart(name: string, [rows, columns]: Shape, seed: number): Float32Array {
  const values = new Float32Array(rows! * columns!);
  if (name.endsWith(".B")) return values;
  const stream = uniform(`learn/lora/${name}`, seed);
  for (let i = 0; i < values.length; i++) values[i] = (2 * stream.at(i) - 1) / Math.sqrt(columns!);
  return values;
}

/** Adds scale · B · A to the rows of a weight that the adapter stands for, in float64 before it is rounded. */
export function mergeAdapter(
  weight: Float32Array,
  { firstRow, rows, columns }: LoraAdapter,
  a: Float32Array,
  b: Float32Array,
  { rank, alpha }: Lora,
): void {
  const scale = alpha / rank;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += b[i * rank + k]! * a[k * columns + j]!;
      weight[(firstRow + i) * columns + j]! += scale * sum;
    }
  }
}
