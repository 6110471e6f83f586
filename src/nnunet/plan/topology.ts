import { ConfigError } from "../../errors.ts";
import type { Pair } from "./types.ts";

/** Kernels and strides of a U-Net's stages, and the patch that they fit. */
export interface Topology {
  /** By stage, the bottleneck last. */
  readonly kernels: readonly Pair[];
  /** By stage; that of the first is [1, 1]. */
  readonly strides: readonly Pair[];
  /** The given size, padded to a multiple of `divisor`. */
  readonly patchSize: Pair;
  /** Product of the strides. */
  readonly divisor: Pair;
}

/** Pixels that an axis keeps at the bottleneck. */
const leastSize = 4;

/**
 * Which spacing decides whether an axis' kernel becomes 3: its own, or (nnU-Net 2.1.1) that at the axis' place in the list of the axes
 * that may still be halved, which is another one's where an axis has left the list.
 */
export type KernelRule = "own spacing" | "place in list";

/**
 * Halves a patch until its axes are small, keeping the pixels close to square: of the axes with 8 pixels or more, those with less than
 * twice the finest spacing are halved; a lone axis needs 12. A kernel grows from 1 to 3 when its axis is less than twice as coarse as the finest of all.
 *
 * @param size - pixels [rows, columns]; may end in .5
 * @param spacing - millimetres per pixel
 * @throws ConfigError by the rule of 2.1.1 where only one axis is long enough, as that version stops with an IndexError
 * @see nnU-Net v2: topology of the networks (Isensee et al. 2021, supplementary note 2)
 */
export function topologyOf(size: Pair, spacing: Pair, rule: KernelRule = "own spacing"): Topology {
  const current = [...size];
  const mm = [...spacing];
  const kernel = [1, 1];
  const pools = [0, 0];
  const kernels: Pair[] = [];
  const strides: Pair[] = [[1, 1]];
  for (;;) {
    const long = axes.filter((axis) => current[axis]! >= 2 * leastSize);
    const candidates = long.map((axis) => mm[axis]!);
    const finest = Math.min(...candidates);
    const halved = long.filter((axis) => mm[axis]! / finest < 2);
    if (halved.length === 0 || (halved.length === 1 && current[halved[0]!]! < 3 * leastSize)) break;
    for (const axis of axes) {
      if (kernel[axis] === 3) continue;
      const own = rule === "own spacing" ? mm[axis] : candidates[axis];
      if (own === undefined) {
        throw new ConfigError(
          `topologyOf: nnU-Net 2.1.1 cannot plan for images of ${size.join(" x ")} pixels: only one axis is long enough to be halved. Use the planner of 2.8.1.`,
        );
      }
      if (own / Math.min(...mm) < 2) kernel[axis] = 3;
    }
    for (const axis of halved) {
      pools[axis]!++;
      mm[axis]! *= 2;
      current[axis] = Math.ceil(current[axis]! / 2);
    }
    strides.push(pairOf((axis) => (halved.includes(axis) ? 2 : 1)));
    kernels.push(pairOf((axis) => kernel[axis]!));
  }
  kernels.push([3, 3]);
  const divisor = pairOf((axis) => 2 ** pools[axis]!);
  return { kernels, strides, divisor, patchSize: pairOf((axis) => Math.ceil(size[axis]! / divisor[axis]!) * divisor[axis]!) };
}

const axes = [0, 1] as const;

const pairOf = (value: (axis: 0 | 1) => number): Pair => [value(0), value(1)];
