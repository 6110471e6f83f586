import type { BrainSlice, Part } from "./_brain-slice.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, pair, type Shape, union, without } from "./_shapes.ts";

/** Depths of coronal slices, from the forehead to the back of the head. */
export const coronalLevels = ["front", "sella", "back"] as const;
export type CoronalLevel = (typeof coronalLevels)[number];

/** A coronal slice: vertex at the top, the patient's left at the right, face or neck below. */
export function coronalSlice(level: CoronalLevel, draws: Draws): BrainSlice {
  return slices[level](draws);
}

const view = { hasSides: true, extent: 1.12, middle: 0 };

const slices: Record<CoronalLevel, (draws: Draws) => BrainSlice> = {
  front: (draws) => {
    const cavity = ellipse(0, -0.38, 0.6, 0.5);
    return {
      ...view,
      face: faceBelow(draws),
      cavity,
      brain: grown(cavity, -0.02),
      outside: [...flesh(draws), ...nose(draws)],
      inside: fissure(-0.86, 0.02, draws),
      ventricles: draws.chance(0.5) ? frontHorns(draws.between(0.5, 1), draws) : [],
      sites: [{ name: "frontal", u: [0.12, 0.45], v: [-0.7, -0.2] }],
    };
  },
  sella: (draws) => {
    const cavity = without(union(ellipse(0, -0.34, 0.67, 0.54), ...pair(ellipse(0.42, 0.08, 0.25, 0.2))), ellipse(0, 0.32, 0.2, 0.24));
    const lateral = draws.between(-0.1, 0);
    return {
      ...view,
      face: faceBelow(draws),
      cavity,
      brain: grown(cavity, -0.022),
      outside: [...flesh(draws), [ellipse(0, 0.27, 0.17, 0.1), "air"], ...nose(draws)],
      inside: [
        ...fissure(-0.86, -0.5, draws),
        ...pair(ellipse(0.22, -0.22, 0.07, 0.1)).map((part): Part => [part, "grey", 0.8]),
        ...pair(ellipse(0.36, -0.14, 0.06, 0.14, 0.2)).map((part): Part => [part, "grey", 0.8]),
        ...pair(capsule(0.4, lateral, 0.66, lateral - 0.1, draws.between(0.012, 0.03))).map((part): Part => [part, "fluid", 0.9]),
        ...pair(capsule(0.22, 0.06, 0.6, 0.0, 0.015)).map((part): Part => [part, "fluid", 0.6]),
        [ellipse(0, 0.02, 0.2, 0.08), "fluid"],
        [capsule(-0.08, -0.02, 0.08, -0.02, 0.014), "white"],
        ...pair(ellipse(0.15, 0.12, 0.035, 0.04)).map((part): Part => [part, "enhanced", 0.7]),
      ],
      ventricles: [
        ...frontHorns(draws.between(0.7, 1.7), draws),
        ...(draws.chance(0.7) ? [capsule(0, -0.22, 0, -0.08, draws.between(0.012, 0.025))] : []),
      ],
      sites: [
        { name: "frontal", u: [0.12, 0.5], v: [-0.75, -0.4] },
        { name: "temporal", u: [0.35, 0.55], v: [-0.02, 0.15] },
      ],
      sella: { u: 0, v: draws.between(0.08, 0.14) },
    };
  },
  back: (draws) => {
    const lower = ellipse(0, 0.14, 0.46, 0.24);
    const cavity = union(ellipse(0, -0.32, 0.68, 0.54), lower);
    const tentorium = draws.between(-0.02, 0.05);
    return {
      ...view,
      face: union(ellipse(0, 0.3, 0.66, 0.5), ellipse(0, 1, 0.58, 0.7, 0, 0.6)),
      cavity,
      brain: grown(cavity, -0.022),
      outside: flesh(draws),
      inside: [
        ...fissure(-0.86, -0.2, draws),
        [grown(lower, -0.03), "grey", 0.4],
        ...folia(draws),
        [ellipse(0, 0.12, 0.07, 0.16), "grey", 0.5],
        ...pair(capsule(0, tentorium - 0.12, 0.5, tentorium + 0.08, 0.016)).map((part): Part => [part, "fluid"]),
        ...pair(capsule(0, tentorium - 0.12, 0.5, tentorium + 0.08, 0.007)).map((part): Part => [part, "enhanced", 0.6]),
      ],
      ventricles: draws.chance(0.7) ? backHorns(draws) : [],
      sites: [
        { name: "parietal", u: [0.12, 0.5], v: [-0.75, -0.4] },
        { name: "occipital", u: [0.2, 0.5], v: [-0.3, -0.12] },
      ],
    };
  },
};

function fissure(from: number, to: number, draws: Draws): readonly Part[] {
  const drift = draws.between(-0.02, 0.02);
  return [
    [capsule(drift, from, 0, to, draws.between(0.01, 0.025)), "fluid", 0.85],
    [capsule(drift, from, 0, to, 0.006), draws.chance(0.5) ? "enhanced" : "grey", 0.7],
    [capsule(drift, from, drift, from + 0.04, 0.035, 0.015), "enhanced"],
  ];
}

function frontHorns(wide: number, draws: Draws): readonly Shape[] {
  const horn = (k: number): Shape =>
    union(
      ellipse(0.05 + 0.04 * wide, -0.34, 0.045 * wide * k, 0.1, 0.35),
      ellipse(0.06 + 0.06 * wide, -0.4, 0.07 * wide * k, 0.03 * wide, -0.3),
    );
  return [pair(horn(draws.between(0.8, 1.2)))[0], pair(horn(1))[1]];
}

function backHorns(draws: Draws): readonly Shape[] {
  const wide = draws.between(0.6, 1.6);
  return pair(ellipse(draws.between(0.17, 0.25), -0.24, 0.045 * wide, 0.15, draws.between(-0.5, -0.2)));
}

/** Cheeks, jaw and neck. */
function faceBelow(draws: Draws): Shape {
  return union(ellipse(0, 0.2, draws.between(0.66, 0.74), 0.55), ellipse(0, 0.9, draws.between(0.55, 0.7), 0.75, 0, 0.6));
}

/** Muscles with fat between them. */
function flesh(draws: Draws): readonly Part[] {
  const parts: Part[] = [[ellipse(0, 0.68, 0.56, 0.7, 0, 0.6), "muscle", 0.95]];
  for (let i = 0; i < 22; i++) {
    const [u, v] = [draws.between(0.05, 0.52), draws.between(0.25, 1.15)];
    const shape = ellipse(u, v, draws.between(0.04, 0.16), draws.between(0.012, 0.045), draws.between(0.8, 2.2));
    parts.push(
      ...pair(shape).map((part): Part => [part, draws.pick(["fat", "bone", "fat", "enhanced", "bone"] as const), draws.between(0.3, 0.9)]),
    );
  }
  parts.push(...pair(capsule(0.5, 0.18, 0.42, 0.32, 0.07, 0.04)).map((part): Part => [part, draws.pick(["bone", "air"] as const), 0.8]));
  return parts;
}

/** Air of the nose and its sinuses. */
function nose(draws: Draws): readonly Part[] {
  if (draws.chance(0.25)) return [];
  const v = draws.between(0.4, 0.5);
  return [
    [ellipse(0, v, 0.14, 0.16, 0, 0.5), "air"],
    [capsule(0, v - 0.16, 0, v + 0.16, 0.012), "muscle"],
    ...pair(ellipse(0.07, v + 0.04, 0.03, 0.07)).map((part): Part => [part, "enhanced", 0.6]),
    ...pair(ellipse(0.3, v + 0.03, 0.1, 0.13)).map((part): Part => [part, "air", draws.between(0.6, 1)]),
    [ellipse(0, v + 0.4, 0.3, 0.16), "muscle"],
  ];
}

function folia(draws: Draws): readonly Part[] {
  return Array.from({ length: 5 }, (_, i) => {
    const v = 0.04 + 0.065 * i + draws.between(-0.01, 0.01);
    return pair(capsule(0.07, v + 0.02, 0.38 - 0.05 * i, v - 0.02, 0.007)).map((part): Part => [part, "grey", 0.9]);
  }).flat();
}
