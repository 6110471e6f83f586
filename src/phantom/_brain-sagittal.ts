import type { BrainSlice, Part } from "./_brain-slice.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, rim, type Shape, union, within, without } from "./_shapes.ts";

export const sagittalLevels = ["midline", "lateral"] as const;
export type SagittalLevel = (typeof sagittalLevels)[number];

/** A sagittal slice, face at the left: of the midline or of one hemisphere; the picture does not show which. */
export function sagittalSlice(level: SagittalLevel, draws: Draws): BrainSlice {
  return slices[level](draws);
}

const view = { hasSides: false, extent: 1.1, middle: -0.02 };
const sites = [
  { name: "frontal", u: [-0.5, -0.25], v: [-0.55, -0.3] },
  { name: "parietal", u: [0.15, 0.5], v: [-0.65, -0.4] },
  { name: "occipital", u: [0.55, 0.7], v: [-0.3, -0.1] },
] as const;

const slices: Record<SagittalLevel, (draws: Draws) => BrainSlice> = {
  midline: (draws) => {
    const cerebrum = without(ellipse(0.06, -0.34, 0.78, 0.52), ellipse(-0.42, 0.22, 0.52, 0.25, 0.25));
    const lower = ellipse(0.42, 0.1, 0.26, 0.2, -0.2);
    const stem = union(
      capsule(0.08, -0.1, 0.14, 0.06, 0.07, 0.09),
      capsule(0.16, 0.1, 0.24, 0.36, 0.075, 0.05),
      capsule(0.24, 0.36, 0.28, 1.2, 0.05),
    );
    const cavity = union(cerebrum, grown(lower, 0.03), grown(stem, 0.04));
    const arch = within(rim(ellipse(0.05, -0.24, 0.36, 0.19, 0.05), 0.05), ellipse(0.05, -0.5, 0.5, 0.3));
    return {
      ...view,
      face: profile(draws),
      cavity,
      brain: union(grown(cerebrum, -0.02), lower, stem),
      outside: throat(draws),
      inside: [
        [capsule(-0.1, 0.02, 0.3, 0.0, 0.05), "fluid", 0.9],
        [ellipse(0.02, -0.2, 0.25, 0.11), "grey", 0.6],
        [ellipse(0.08, -0.14, 0.11, 0.07), "grey"],
        [arch, "white"],
        [capsule(0.25, -0.07, 0.62, -0.18, 0.016), "fluid"],
        [grown(stem, 0.03), "fluid", 0.7],
        [lower, "grey", 0.6],
        ...leaves(draws),
        [stem, "white"],
        [capsule(0.4, -0.2, 0.66, -0.12, 0.02), "enhanced", 0.7],
      ],
      ventricles: [
        within(grown(ellipse(0.02, -0.22, 0.27, 0.1), draws.between(-0.02, 0.02)), ellipse(0.02, -0.36, 0.4, 0.13)),
        ellipse(0.245, 0.08, 0.03 * draws.between(0.7, 1.4), 0.07, -0.2),
      ],
      sites,
      sella: { u: draws.between(-0.1, -0.06), v: draws.between(0.06, 0.1) },
    };
  },
  lateral: (draws) => {
    const cerebrum = union(without(ellipse(0.06, -0.34, 0.76, 0.5), ellipse(-0.42, 0.24, 0.52, 0.3, 0.2)), ellipse(-0.08, 0.02, 0.3, 0.16));
    const lower = ellipse(0.42, 0.1, 0.28, 0.19, -0.2);
    const cavity = union(cerebrum, grown(lower, 0.03));
    const wide = draws.between(0.6, 1.5);
    return {
      ...view,
      face: profile(draws),
      cavity,
      brain: union(grown(cerebrum, -0.02), lower),
      outside: throat(draws),
      inside: [
        [capsule(-0.3, -0.02, 0.18, -0.2, draws.between(0.012, 0.03)), "fluid", 0.8],
        [lower, "grey", 0.5],
        ...leaves(draws),
        [capsule(0.18, 0.04, 0.66, -0.1, 0.014), "fluid"],
        [ellipse(-0.02, -0.2, 0.14, 0.08), "grey", 0.5],
      ],
      ventricles: draws.chance(0.6)
        ? [union(capsule(-0.18, -0.34, 0.2, -0.32, 0.03 * wide, 0.04 * wide), capsule(0.2, -0.32, 0.3, -0.2, 0.04 * wide, 0.03 * wide))]
        : [],
      sites: [...sites, { name: "temporal", u: [-0.2, 0.1], v: [-0.02, 0.08] }],
    };
  },
};

/** Forehead, nose, lips, chin and neck. */
function profile(draws: Draws): Shape {
  const nose = draws.between(-0.98, -0.88);
  return union(
    ellipse(-0.26, 0.35, 0.52, 0.62),
    capsule(-0.66, -0.08, nose, 0.28, 0.1, 0.06),
    ellipse(-0.6, 0.52, 0.24, 0.13),
    ellipse(-0.52, 0.8, 0.28, 0.2),
    ellipse(0.18, 0.9, 0.5, 0.8, 0, 0.5),
  );
}

/** Sinuses, mouth, throat and vertebrae. */
function throat(draws: Draws): readonly Part[] {
  const parts: Part[] = [
    [ellipse(-0.3, 0.45, 0.6, 0.62), "muscle", 0.9],
    [ellipse(0.3, 0.8, 0.35, 0.4), "muscle", 0.9],
    [ellipse(-0.62, 0.0, 0.06, 0.12), "air", 0.9],
    [ellipse(-0.2, 0.2, 0.13, 0.09), draws.chance(0.7) ? "air" : "marrow"],
    [capsule(-0.7, 0.32, -0.2, 0.36, 0.08, 0.05), "air", 0.8],
    [capsule(-0.65, 0.3, -0.3, 0.33, 0.03), "enhanced", 0.6],
    [capsule(-0.1, 0.38, 0.02, 0.95, 0.045, 0.035), "air"],
    [ellipse(-0.42, 0.64, 0.26, 0.15), "muscle"],
    [capsule(0.0, 0.2, 0.08, 0.3, 0.06), "marrow", 0.9],
  ];
  for (let i = 0; i < 4; i++) parts.push([ellipse(0.15 + 0.02 * i, 0.5 + 0.17 * i, 0.07, 0.06, 0.1, 0.5), "marrow"]);
  for (let i = 0; i < 4; i++) parts.push([ellipse(0.5, 0.55 + 0.17 * i, 0.1, 0.045, -0.5), "fat", 0.8]);
  return parts;
}

function leaves(draws: Draws): readonly Part[] {
  return Array.from(
    { length: 6 },
    (_, i): Part => [
      capsule(0.3, 0.08, 0.44 + 0.15 * Math.cos(0.5 * i - 1.2), 0.1 + 0.14 * Math.sin(0.6 * i - 1.4), 0.006),
      draws.chance(0.5) ? "fluid" : "white",
      0.5,
    ],
  );
}
