import type { ChestSlice } from "./_chest-level.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, pair, type Shape, union, within } from "./_shapes.ts";

/** Cross-sections of ribs round the chest. */
export function ribsOf({ cavity, half }: ChestSlice, draws: Draws): readonly Shape[] {
  const ribs: Shape[] = [];
  for (const side of [1, -1]) {
    const count = draws.integer(4, 7);
    for (let i = 0; i < count; i++) {
      const angle = -1.25 + (2.5 * (i + draws.between(0.15, 0.85))) / count; // 0: to the side
      ribs.push(ribAt({ cavity, half }, side, angle, draws.between(0.035, 0.1), draws.between(0.016, 0.024)));
    }
  }
  return ribs;
}

/** A rib's cross-section outside the cavity. @param side - 1 left, -1 right @param angle - 0 to the side, above 0 to the back */
export function ribAt(
  { cavity, half }: Pick<ChestSlice, "cavity" | "half">,
  side: number,
  angle: number,
  length: number,
  thickness: number,
): Shape {
  const [du, dv] = [side * half.a * Math.cos(angle), half.b * Math.sin(angle)];
  let stretch = 0.9;
  while (cavity.depth(stretch * du, stretch * dv, 0) > -0.03 && stretch < 1.6) stretch += 0.01;
  const tangent = Math.atan2(half.b * half.b * du, -half.a * half.a * dv);
  return ellipse(stretch * du, stretch * dv, length, thickness, tangent);
}

/** Breastbone and shoulder blades. */
export function platesOf({ half, hasScapulae }: ChestSlice, draws: Draws): readonly Shape[] {
  const sternum = ellipse(
    draws.between(-0.02, 0.02),
    -half.b - draws.between(0.03, 0.05),
    draws.between(0.07, 0.13),
    draws.between(0.022, 0.032),
    0,
    0.5,
  );
  if (!hasScapulae) return [sternum];
  const [u, v] = [half.a + draws.between(0.02, 0.07), draws.between(0, 0.12)];
  const [u1, v1] = [half.a * draws.between(0.62, 0.8), half.b + draws.between(0.02, 0.08)];
  return [
    sternum,
    ...pair(capsule(u, v, u1, v1, 0.02, 0.012)),
    ...pair(capsule(u, v + 0.02, u + draws.between(0.05, 0.16), v + draws.between(0.05, 0.12), 0.018)),
  ];
}

export interface Vertebra {
  readonly body: Shape;
  readonly processes: Shape;
  readonly canal: Shape;
}

export function vertebraOf({ vertebra: { u, v } }: ChestSlice, draws: Draws): Vertebra {
  const size = draws.between(0.85, 1.15);
  const at = (du: number, dv: number): readonly [number, number] => [u + size * du, v + size * dv];
  const arm = (du0: number, dv0: number, du1: number, dv1: number, radius: number): Shape =>
    capsule(...at(du0, dv0), ...at(du1, dv1), radius * size);
  const spinous = draws.chance(0.7) ? [arm(0, 0.19, draws.between(-0.02, 0.02), draws.between(0.26, 0.36), 0.022)] : [];
  const transverse = draws.chance(0.7) ? [arm(0.08, 0.1, 0.2, 0.15, 0.024), arm(-0.08, 0.1, -0.2, 0.15, 0.024)] : [];
  const ring = [
    arm(0.08, 0.06, 0.075, 0.12, 0.025),
    arm(-0.08, 0.06, -0.075, 0.12, 0.025),
    arm(0.075, 0.13, 0, 0.19, 0.02),
    arm(-0.075, 0.13, 0, 0.19, 0.02),
  ];
  return {
    body: ellipse(...at(0, 0), 0.11 * size, 0.085 * size, 0, 0.2),
    processes: union(ring[0]!, ...ring.slice(1), ...spinous, ...transverse),
    canal: ellipse(...at(0, 0.115), 0.055 * size, 0.045 * size),
  };
}

/** The table under the patient: thin curved shells. */
export function tableOf(bottom: number, draws: Draws): readonly Shape[] {
  const flat = draws.between(0.15, 0.5);
  const lowest = bottom + draws.between(-0.02, 0.05);
  const shell = (v: number, thickness: number): Shape => {
    const outer = ellipse(0, v - flat, 1.5, flat);
    const below = ellipse(0, v + 0.2, 1.35, 0.2 + 0.8 * flat);
    const depth: Shape["depth"] = (pu, pv, pixel) => {
      const inside = outer.depth(pu, pv, pixel);
      return Math.min(inside, thickness - inside);
    };
    return within({ ...outer, depth }, below);
  };
  return [shell(lowest, 0.014), ...(draws.chance(0.7) ? [shell(lowest + draws.between(0.06, 0.14), 0.016)] : [])];
}
