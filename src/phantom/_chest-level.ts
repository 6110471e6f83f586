import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, pair, rough, type Shape, union, within, without } from "./_shapes.ts";

/** Heights of axial slices through a chest, from the top of the lungs down to the liver. */
export const chestLevels = ["apex", "arch", "hilum", "heart", "dome"] as const;
export type ChestLevel = (typeof chestLevels)[number];

/** The anatomy of one axial slice through a chest about two units wide: breastbone at the top, the patient's left at the right. */
export interface ChestSlice {
  readonly body: Shape;
  /** Half-axes of the cavity. */
  readonly half: { readonly a: number; readonly b: number };
  /** Inside of the ribs. */
  readonly cavity: Shape;
  /** What lies between the lungs. */
  readonly mediastinum: Shape;
  readonly leftLung: Shape;
  readonly rightLung: Shape;
  readonly heart?: Shape | undefined;
  /** Chambers that contrast agent fills. */
  readonly chambers: readonly Shape[];
  readonly aorta: readonly Shape[];
  /** Other vessels. */
  readonly veins: readonly Shape[];
  readonly airways: readonly Shape[];
  /** Liver, spleen and stomach below the diaphragm. */
  readonly liver?: Shape | undefined;
  readonly spleen?: Shape | undefined;
  /** Middle of the vertebral body. */
  readonly vertebra: { readonly u: number; readonly v: number };
  readonly hasScapulae: boolean;
}

/** Smooth fields of the picture that shape borders. */
export interface Waves {
  readonly long: Float32Array;
  readonly short: Float32Array;
}

/** A chest at a height. */
export function chestSlice(level: ChestLevel, waves: Waves, draws: Draws): ChestSlice {
  const depth = draws.between(0.88, 1.15);
  const upper = level === "apex" || level === "arch";
  const fat = draws.between(0.03, 0.14);
  const [a, b] = [
    level === "apex" ? draws.between(0.55, 0.68) : draws.between(0.72, 0.79),
    (level === "apex" ? draws.between(0.32, 0.4) : 0.48) * depth,
  ];
  const cavity = rough(ellipse(0, 0, a, b, 0, draws.between(0.1, 0.5)), waves.long, 0.012);
  const spineAt = { u: draws.between(-0.015, 0.015), v: b * draws.between(0.6, 0.72) };
  const muscle = draws.between(0.07, 0.13);
  const body = upper
    ? union(
        ellipse(0, 0, a + muscle + 0.08 + fat, b + muscle + fat, 0, 0.3),
        ...pair(ellipse(a + 0.05, 0.06, 0.32 + fat, 0.3 * depth, 0.15, 0.4)),
      )
    : ellipse(0, 0, a + muscle + fat, b + muscle + fat, 0, draws.between(0.2, 0.5));
  const half = { a, b };
  return {
    body,
    half,
    cavity,
    vertebra: spineAt,
    hasScapulae: upper || (level === "hilum" && draws.chance(0.7)),
    ...organs[level](cavity, spineAt, half, waves, draws),
  };
}

type Organs = Omit<ChestSlice, "body" | "half" | "cavity" | "vertebra" | "hasScapulae">;
type DrawOrgans = (cavity: Shape, vertebra: { u: number; v: number }, half: { a: number; b: number }, waves: Waves, draws: Draws) => Organs;

const none = { chambers: [], aorta: [], veins: [], airways: [] };

const organs: Record<ChestLevel, DrawOrgans> = {
  apex: (cavity, vertebra, half, waves, draws) => {
    const mediastinum = union(ellipse(0, -0.06, draws.between(0.17, 0.24), half.b, 0, 0.3), around(vertebra));
    const lungs = bothLungs(cavity, mediastinum, half, waves, draws, draws.between(0.72, 0.95));
    return {
      ...none,
      mediastinum,
      ...lungs,
      veins: [
        ...pair(ellipse(draws.between(0.09, 0.13), -0.13, 0.035, 0.035)),
        ellipse(0.06, -0.03, 0.028, 0.028),
        ellipse(-0.13, -0.18, 0.04, 0.05),
        ellipse(0.14, -0.2, 0.035, 0.045),
      ],
      airways: [ellipse(draws.between(-0.02, 0.02), 0.05, 0.055, 0.06)],
    };
  },
  arch: (cavity, vertebra, half, waves, draws) => {
    const radius = draws.between(0.06, 0.085);
    const arch = union(capsule(-0.05, -0.15, 0.09, 0.02, radius), capsule(0.09, 0.02, 0.12, vertebra.v - 0.12, radius, 0.9 * radius));
    const mediastinum = union(
      ellipse(0, -half.b * 0.5, draws.between(0.12, 0.2), half.b * 0.62, 0, 0.3),
      grown(arch, 0.025),
      around(vertebra),
      ellipse(-0.06, 0.02, 0.12, 0.14),
    );
    return {
      ...none,
      mediastinum,
      ...bothLungs(cavity, mediastinum, half, waves, draws),
      aorta: [arch],
      veins: [ellipse(-0.14, -0.12, 0.045, 0.055)],
      airways: [ellipse(-0.04, 0.07, draws.between(0.05, 0.065), 0.06)],
    };
  },
  hilum: (cavity, vertebra, half, waves, draws) => {
    const radius = draws.between(0.055, 0.08);
    const ascending = ellipse(draws.between(-0.1, -0.06), -0.16, radius * 1.25, radius * 1.25);
    const descending = ellipse(draws.between(0.11, 0.15), vertebra.v - draws.between(0.08, 0.12), radius, radius);
    const trunk = union(
      capsule(0.07, -0.16, 0.12, -0.04, 0.075, 0.06),
      draws.chance(0.6) ? capsule(0.08, -0.04, -0.17, 0.02, 0.05, 0.045) : capsule(0.1, -0.05, 0.24, 0.03, 0.05, 0.035),
    );
    const hila = pair(ellipse(draws.between(0.2, 0.25), 0.05, 0.09, 0.1));
    const mediastinum = union(
      ellipse(0, -half.b * 0.45, draws.between(0.17, 0.24), half.b * 0.66, 0, 0.3),
      around(vertebra),
      grown(descending, 0.02),
      ellipse(0, 0.08, 0.2, 0.17),
      ...hila,
    );
    return {
      ...none,
      mediastinum,
      ...bothLungs(cavity, mediastinum, half, waves, draws),
      aorta: [ascending, descending],
      veins: [trunk, ellipse(-0.19, -0.1, 0.04, 0.05)],
      airways: draws.chance(0.5)
        ? [union(...pair(capsule(0.02, 0.07, 0.13, 0.1, 0.04)))]
        : pair(ellipse(draws.between(0.09, 0.15), 0.1, 0.05, 0.04)),
    };
  },
  heart: (cavity, vertebra, half, waves, draws) => {
    const scale = draws.between(0.85, 1.25);
    const [u, v] = [draws.between(0.08, 0.16), -0.1 * half.b];
    const heart = within(
      rough(ellipse(u, v, 0.36 * scale, 0.26 * scale, draws.between(0.35, 0.8)), waves.long, 0.015),
      grown(cavity, -0.015),
    );
    const descending = ellipse(draws.between(0.1, 0.15), vertebra.v - draws.between(0.06, 0.1), draws.between(0.05, 0.075), 0.06);
    const mediastinum = union(
      grown(heart, 0.015),
      around(vertebra),
      grown(descending, 0.02),
      ellipse(0.02, 0.2, 0.13, 0.14),
      ellipse(0, -half.b * 0.8, 0.12, 0.12),
    );
    return {
      ...none,
      mediastinum,
      ...bothLungs(cavity, mediastinum, half, waves, draws),
      heart,
      chambers: [
        ellipse(u + 0.15 * scale, v + 0.06 * scale, 0.15 * scale, 0.08 * scale, 0.6),
        ellipse(u - 0.02, v - 0.09 * scale, 0.15 * scale, 0.075 * scale, 0.5),
        ellipse(u - 0.19 * scale, v - 0.03, 0.09 * scale, 0.1 * scale),
        ellipse(u - 0.06, v + 0.15 * scale, 0.14 * scale, 0.07 * scale, 0.1),
      ],
      aorta: [descending],
      veins: [],
      airways: [],
    };
  },
  dome: (cavity, vertebra, half, waves, draws) => {
    const low = draws.uniform(); // how far below the top of the diaphragm
    const liver = rough(ellipse(-0.34 + 0.12 * low, -0.06, 0.26 + 0.22 * low, half.b * (0.5 + 0.36 * low), 0.1, 0.2), waves.long, 0.02);
    const left = rough(ellipse(0.38 - 0.03 * low, -0.02, 0.12 + 0.22 * low, half.b * (0.3 + 0.5 * low), -0.2, 0.2), waves.long, 0.02);
    const heart =
      low < 0.55 ? within(ellipse(draws.between(0.1, 0.16), -0.55 * half.b, 0.3, 0.19, 0.25), grown(cavity, -0.015)) : undefined;
    const descending = ellipse(draws.between(0.06, 0.11), vertebra.v - draws.between(0.08, 0.12), 0.06, draws.between(0.05, 0.065));
    const below = union(liver, ...(low > 0.15 || draws.chance(0.4) ? [left] : []));
    const mediastinum = union(
      heart ? grown(heart, 0.015) : ellipse(0.05, -0.6 * half.b, 0.34, 0.4 * half.b),
      around(vertebra),
      grown(descending, 0.025),
      ellipse(0.03, 0.08, 0.14, 0.2),
      below,
    );
    return {
      ...none,
      mediastinum,
      ...bothLungs(cavity, mediastinum, half, waves, draws),
      heart,
      aorta: [descending],
      liver: within(liver, cavity),
      spleen: low > 0.15 ? within(left, cavity) : undefined,
    };
  },
};

/** The lungs fill what the mediastinum leaves of the cavity. */
function bothLungs(
  cavity: Shape,
  mediastinum: Shape,
  { a, b }: { a: number; b: number },
  waves: Waves,
  draws: Draws,
  part = 1,
): Pick<ChestSlice, "leftLung" | "rightLung"> {
  const lung = (side: 1 | -1): Shape => {
    const v = draws.between(-0.01, 0.05);
    const filled = rough(
      ellipse(side * (0.53 * a), v, 0.5 * a * part, b * 0.97 * part, side * draws.between(-0.15, 0.05), 0.5),
      waves.short,
      0.006,
    );
    return without(within(filled, grown(cavity, -0.012)), mediastinum);
  };
  return { rightLung: lung(-1), leftLung: lung(1) };
}

/** Vertebra and the tissue beside it. */
function around({ u, v }: { u: number; v: number }): Shape {
  return union(ellipse(u, v + 0.04, 0.15, 0.17), ellipse(u, v + 0.2, 0.22, 0.16));
}
