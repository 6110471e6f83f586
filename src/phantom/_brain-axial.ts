import type { BrainSlice, Part, Site } from "./_brain-slice.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, pair, type Shape, union, without } from "./_shapes.ts";

/** Heights of axial slices, from the vertex down to the sella. */
export const axialLevels = ["vertex", "above-ventricles", "ventricles", "midbrain", "sella"] as const;
export type AxialLevel = (typeof axialLevels)[number];

/** An axial slice: forehead at the top, the patient's left at the right. */
export function axialSlice(level: AxialLevel, draws: Draws): BrainSlice {
  return slices[level](draws);
}

const slices: Record<AxialLevel, (draws: Draws) => BrainSlice> = {
  vertex: (draws) => {
    const scale = draws.between(0.45, 0.78);
    const cavity = egg(scale);
    return {
      ...wholeHead,
      cavity,
      brain: grown(cavity, -0.02),
      inside: [...falx(-0.9 * scale, 0.88 * scale, draws)],
      ventricles: [],
      sites: scaled(upperSites, scale),
    };
  },
  "above-ventricles": (draws) => {
    const scale = draws.between(0.82, 0.97);
    const cavity = egg(scale);
    return {
      ...wholeHead,
      cavity,
      brain: grown(cavity, -0.02),
      inside: falx(-0.9, 0.9, draws),
      ventricles: [],
      sites: scaled(upperSites, scale),
    };
  },
  ventricles: (draws) => {
    const cavity = egg(1);
    const wide = draws.between(0.6, 1.7);
    return {
      ...wholeHead,
      cavity,
      brain: grown(cavity, -0.02),
      inside: [...falx(-0.9, -0.45, draws), ...falx(0.5, 0.9, draws), ...deepGrey(wide), ...sylvian(draws)],
      ventricles: draws.chance(0.4) ? bodies(wide, draws) : horns(wide, draws),
      sites: middleSites,
    };
  },
  midbrain: (draws) => {
    const cavity = egg(0.97);
    return {
      ...wholeHead,
      cavity,
      brain: grown(cavity, -0.02),
      inside: [...falx(-0.9, -0.3, draws), ...sylvian(draws), ...midbrain(draws)],
      ventricles: [],
      sites: lowerSites,
    };
  },
  sella: (draws) => {
    const cavity = without(
      union(ellipse(0, 0.27, 0.66, 0.6), ...pair(ellipse(0.4, -0.08, 0.27, 0.33, 0.3))),
      ellipse(0, -0.42, 0.16, 0.34),
    );
    return {
      ...wholeHead,
      face: union(ellipse(0, -0.35, 0.68, 0.6), ellipse(0, -0.85, 0.16, 0.2)),
      cavity,
      brain: without(grown(cavity, -0.025), union(sellaTurcica, ...petrousBones)),
      outside: orbits(draws),
      inside: skullBase(draws),
      ventricles: [],
      sites: [{ name: "temporal", u: [0.3, 0.55], v: [-0.2, 0.2] }],
      sella: { u: 0, v: draws.between(-0.16, -0.1) },
    };
  },
};

const wholeHead = { hasSides: true, extent: 1.08, middle: 0, outside: [] as readonly Part[] };

const upperSites: readonly Site[] = [
  { name: "frontal", u: [0.12, 0.5], v: [-0.75, -0.2] },
  { name: "parietal", u: [0.12, 0.55], v: [0.05, 0.65] },
];
const middleSites: readonly Site[] = [
  { name: "frontal", u: [0.12, 0.45], v: [-0.75, -0.35] },
  { name: "temporal", u: [0.38, 0.62], v: [-0.12, 0.2] },
  { name: "parietal", u: [0.2, 0.55], v: [0.28, 0.5] },
  { name: "occipital", u: [0.08, 0.35], v: [0.6, 0.8] },
];
const lowerSites: readonly Site[] = [
  { name: "frontal", u: [0.1, 0.4], v: [-0.75, -0.45] },
  { name: "temporal", u: [0.36, 0.6], v: [-0.2, 0.25] },
  { name: "occipital", u: [0.08, 0.38], v: [0.55, 0.8] },
];

function scaled(sites: readonly Site[], scale: number): readonly Site[] {
  return sites.map(({ name, u, v }) => ({ name, u: [u[0] * scale, u[1] * scale], v: [v[0] * scale, v[1] * scale] }));
}

/** The inside of the skull: wider behind. */
function egg(scale: number): Shape {
  return union(ellipse(0, 0.1 * scale, 0.68 * scale, 0.77 * scale), ellipse(0, -0.25 * scale, 0.58 * scale, 0.62 * scale));
}

/** The fissure between the hemispheres, the falx in it and the sagittal sinus at its ends. */
function falx(from: number, to: number, draws: Draws): readonly Part[] {
  const drift = draws.between(-0.02, 0.02);
  const sinus = to > 0.6 ? capsule(0, to, drift, to + 0.05, 0.015, 0.035) : capsule(0, from, drift, from - 0.03, 0.01, 0.02);
  return [
    [capsule(drift, from, -drift, to, draws.between(0.01, 0.028)), "fluid", 0.8],
    [capsule(drift, from, -drift, to, 0.006), draws.chance(0.5) ? "enhanced" : "grey", 0.7],
    [sinus, "enhanced"],
  ];
}

/** Caudate, putamen and thalamus. */
function deepGrey(wide: number): readonly Part[] {
  return [
    ellipse(0.08 + 0.08 * wide, -0.2, 0.06, 0.11, 0.3),
    ellipse(0.3, -0.08, 0.07, 0.17, -0.25),
    ellipse(0.06 + 0.08 * wide, 0.1, 0.1, 0.14, 0.3),
  ].flatMap((shape) => pair(shape).map((part): Part => [part, "grey", 0.8]));
}

function sylvian(draws: Draws): readonly Part[] {
  const v = draws.between(-0.3, -0.1);
  const width = draws.between(0.01, 0.035);
  return [...pair(capsule(0.37, v + 0.08, 0.62, v - 0.05, width)), ...pair(capsule(0.38, v + 0.05, 0.41, v + 0.25, width * 0.8))].map(
    (part): Part => [part, "fluid", 0.85],
  );
}

/** Frontal horns, third ventricle and occipital horns: the butterfly. */
function horns(wide: number, draws: Draws): readonly Shape[] {
  const asymmetry = draws.between(0.85, 1.15);
  const front = (k: number): Shape => ellipse(0.055 + 0.05 * wide, -0.24, 0.042 * wide * k, 0.16, 0.35);
  const back = (k: number): Shape =>
    union(ellipse(0.25, 0.32, 0.045 * wide * k, 0.15, -0.35), ellipse(0.27, 0.45, 0.035 * wide * k, 0.14, 0.15));
  const third = capsule(0, -0.04, 0, 0.12, 0.014 * wide);
  const behind = draws.chance(0.75) ? [pair(back(1))[0], pair(back(asymmetry))[1]] : [];
  return [pair(front(asymmetry))[0], pair(front(1))[1], third, ...behind];
}

/** Bodies of the lateral ventricles: two long bands with the septum between them. */
function bodies(wide: number, draws: Draws): readonly Shape[] {
  const half = draws.between(0.28, 0.4);
  const body = (k: number): Shape =>
    union(
      ellipse(0.045 + 0.05 * wide, -half / 2, 0.045 * wide * k, half * 0.62, 0.12),
      ellipse(0.08 + 0.05 * wide, half / 2, 0.05 * wide * k, half * 0.62, -0.28),
    );
  return [pair(body(draws.between(0.85, 1.15)))[0], pair(body(1))[1]];
}

/** The star of fluid above the sella, the midbrain and the cisterns round it. */
function midbrain(draws: Draws): readonly Part[] {
  const size = draws.between(0.85, 1.2);
  const arms: readonly Shape[] = [
    ...pair(capsule(0, -0.14, 0.2, -0.24, 0.045, 0.015)),
    ...pair(capsule(0, -0.12, 0.16, 0.02, 0.04, 0.02)),
    ellipse(0, -0.14, 0.08 * size, 0.07),
  ];
  const stem = union(ellipse(0, 0.08, 0.15 * size, 0.1), ellipse(0, 0.14, 0.11, 0.1));
  return [
    ...pair(ellipse(0.24, 0.02, 0.09, 0.17, 0.3)).map((part): Part => [part, "grey", 0.6]),
    ...arms.map((part): Part => [part, "fluid"]),
    [grown(stem, 0.035), "fluid", 0.9],
    [stem, "white"],
    [ellipse(0, 0.16, 0.02, 0.02), "fluid", 0.8],
    [ellipse(0, 0.36, 0.16, 0.14), "grey", 0.7],
    [capsule(0, 0.5, 0, 0.88, 0.012), "fluid", 0.6],
    ...pair(capsule(0.03, -0.14, 0.22, -0.19, 0.012)).map((part): Part => [part, "enhanced", 0.8]),
  ];
}

/** Eyes in their fat, the cells of the ethmoid and the sphenoid sinus. */
function orbits(draws: Draws): readonly Part[] {
  const v = draws.between(-0.78, -0.7);
  const eye = draws.between(0.14, 0.17);
  const parts: Part[] = [
    [ellipse(0, -0.6, 0.52, 0.3), "muscle"],
    ...pair(capsule(0.38, v, 0.2, v + 0.36, 0.19, 0.05)).map((part): Part => [part, "fat"]),
    ...pair(capsule(0.38, v, 0.14, v + 0.42, 0.025)).map((part): Part => [part, "muscle"]),
    ...pair(capsule(0.24, v + 0.02, 0.13, v + 0.36, 0.02)).map((part): Part => [part, "muscle"]),
    ...pair(capsule(0.5, v + 0.1, 0.22, v + 0.36, 0.022)).map((part): Part => [part, "muscle"]),
    ...pair(ellipse(0.38, v - 0.02, eye, eye)).map((part): Part => [part, "grey"]),
    ...pair(ellipse(0.38, v - 0.02, eye - 0.02, eye - 0.02)).map((part): Part => [part, "fluid", 0.95]),
    ...pair(ellipse(0.38, v - 0.1, 0.05, 0.03)).map((part): Part => [part, "grey"]),
    ...pair(capsule(0.55, -0.52, 0.34, -0.4, 0.05)).map((part): Part => [part, "marrow"]),
    [ellipse(0, -0.62, 0.13, 0.34, 0, 0.5), "bone"],
    [capsule(0, -0.9, 0, -0.35, 0.014), "muscle"],
  ];
  for (let row = 0; row < 4; row++) {
    const at = -0.82 + 0.13 * row + draws.between(-0.02, 0.02);
    parts.push(
      ...pair(capsule(0.02, at, 0.11, at + draws.between(-0.03, 0.03), 0.012)).map(
        (part): Part => [part, draws.chance(0.4) ? "enhanced" : "muscle", 0.8],
      ),
    );
  }
  parts.push([ellipse(0, -0.32, 0.11, 0.09), draws.chance(0.6) ? "air" : "marrow"]);
  return parts;
}

const petrousBones = pair(capsule(0.6, 0.2, 0.26, 0.05, 0.05, 0.012));
const sellaTurcica = ellipse(0, -0.12, 0.17, 0.1);

/** Sella with the carotid arteries, pons, petrous bones and cerebellum. */
function skullBase(draws: Draws): readonly Part[] {
  const pons = ellipse(0, 0.12, 0.16, draws.between(0.12, 0.15));
  const folia: Part[] = Array.from({ length: 7 }, (_, i) => {
    const [u, v] = [draws.between(0.06, 0.14), 0.36 + 0.07 * i];
    return pair(capsule(u, v, u + 0.3 - 0.02 * i, v - 0.05 + 0.02 * i, 0.008)).map((part): Part => [part, "grey", 0.8]);
  }).flat();
  return [
    ...petrousBones.map((part): Part => [part, draws.chance(0.7) ? "bone" : "marrow", draws.between(0.3, 0.8)]),
    [sellaTurcica, "marrow", 0.8],
    [union(grown(pons, 0.012), ellipse(0, 0.06, 0.17, 0.12)), "fluid", 0.85],
    [pons, "white"],
    ...pair(ellipse(0.28, 0.5, 0.27, 0.24)).map((part): Part => [part, "grey", 0.35]),
    ...folia,
    [ellipse(0, 0.48, 0.07, 0.18), "grey", 0.6],
    ...pair(ellipse(0.12, -0.11, 0.035, 0.05)).map((part): Part => [part, "enhanced", 0.85]),
    [ellipse(0, -0.03, 0.02, 0.02), "enhanced", 0.9],
    ...pair(capsule(0.36, 0.74, 0.56, 0.48, 0.016)).map((part): Part => [part, "enhanced", draws.between(0.2, 0.9)]),
  ];
}
