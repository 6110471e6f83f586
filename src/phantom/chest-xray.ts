import type { Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { Draws } from "./_draws.ts";
import { areaOf, emptyMask, inView } from "./_in-view.ts";
import { burnCurve, burnText } from "./_markers.ts";
import { blob, type Outline, smoothStep, thread } from "./_outline.ts";
import type { Phantom, StructureFacts } from "./phantom.ts";

/**
 * A chest in its own coordinates: u from the midline to the picture's right, which is the patient's left, with 1 at the inner chest wall;
 * v in the same unit, downwards from the tops of the lungs.
 */
interface Chest {
  /** v of the lowest point of the lungs. */
  readonly height: number;
  /** By side of the picture: v of the dome of the diaphragm. */
  readonly dome: readonly [left: number, right: number];
  /** Half the width of what lies between the lungs. */
  readonly middle: number;
  /** Soft tissue outside the chest wall. */
  readonly wall: number;
  readonly shoulders: number;
  readonly heart: Heart;
  readonly ribs: { readonly spacing: number; readonly first: number; readonly slope: number; readonly strength: number };
}

interface Heart {
  readonly u: number;
  readonly v: number;
  readonly outline: Outline;
  /** The right atrium, which bulges to the other side. */
  readonly atrium: Outline;
  readonly knob: number;
}

/** Where the picture lies on the chest: its middle, half its width in units of the chest, its tilt. */
interface View {
  readonly u: number;
  readonly v: number;
  readonly half: number;
  readonly turn: number;
}

interface Lesion {
  readonly kind: "nodule" | "consolidation";
  readonly u: number;
  readonly v: number;
  readonly outline: Outline;
  readonly strength: number;
}

/**
 * Draws a frontal chest X-ray: lungs, heart, ribs, shoulders, vessels, and in most a nodule or a consolidation. Some are cut to a part of
 * the chest, so that a lung or the heart is missing.
 *
 * The lungs are what the heart does not hide; lungs and heart are disjoint. A lesion lies in its lung, whose mask holds it too.
 * Facts: side is the patient's, so that the left lung lies at the picture's right; site is the "upper", "middle" or "lower zone" of the lung.
 *
 * @param name - names the stream of random numbers: the same name, seed and size give the same bytes
 * @param size - width and height in pixels
 */
export function chestXray(name: string, seed: number, size: number): Phantom {
  const draws = new Draws(name, seed);
  const chest = drawChest(draws.of("chest"));
  const view = drawView(draws.of("view"), chest);
  const lesion = draws.chance(0.72) ? drawLesion(draws.of("lesion"), chest, view) : undefined;
  const { density, masks } = project(chest, view, lesion, draws, size);
  const data = expose(density, draws, size);
  mark(data, masks, view, draws.of("marks"), size);
  return { modality: "chest-xray", image: { width: size, height: size, data }, structures: told(masks, chest, lesion, view) };
}

function told({ lesion: area, ...organs }: Masks, chest: Chest, lesion: Lesion | undefined, view: View) {
  const lesions = lesion ? { [lesion.kind]: area } : {};
  const facts = {
    left_lung: { side: "left" },
    right_lung: { side: "right" },
    ...(lesion && { [lesion.kind]: factsOf(lesion, area, chest, view) }),
  } satisfies Record<string, StructureFacts>;
  return inView({ ...organs, ...lesions }, facts, Object.keys(lesions));
}

/** Sizes are those in the chest, whatever the view enlarges. */
function factsOf({ kind, u, v }: Lesion, area: Mask, { height }: Chest, view: View): StructureFacts {
  const extent = Math.sqrt(areaOf(area)) * ((2 * view.half) / area.width);
  const [medium, large] = kind === "nodule" ? [0.12, 0.2] : [0.32, 0.5];
  return {
    kind,
    side: u > 0 ? "left" : "right",
    size: extent < medium! ? "small" : extent < large! ? "medium" : "large",
    site: v < height / 3 ? "upper zone" : v < (height * 2) / 3 ? "middle zone" : "lower zone",
  };
}

function drawChest(draws: Draws): Chest {
  const height = draws.between(1.15, 1.85);
  const middle = draws.between(0.13, 0.2);
  const right = height * draws.between(0.76, 0.86); // the liver lifts the dome at the picture's left
  const width = draws.between(0.38, 0.62);
  const heart = draws.of("heart");
  return {
    height,
    middle,
    dome: [right, right + height * draws.between(0, 0.05)],
    wall: draws.between(0.1, 0.32),
    shoulders: draws.between(1.4, 1.9),
    heart: {
      u: draws.between(0.14, 0.26),
      v: height * draws.between(0.62, 0.7),
      outline: blob(heart, { across: width, down: height * heart.between(0.17, 0.22), tilt: heart.between(0.5, 0.85), uneven: 0.05 }),
      atrium: blob(heart.of("atrium"), {
        across: height * draws.between(0.2, 0.26),
        down: draws.between(0.24, 0.34),
        tilt: 1.5,
        uneven: 0.04,
      }),
      knob: draws.between(0.07, 0.14),
    },
    ribs: {
      spacing: height * draws.between(0.105, 0.125),
      first: draws.between(-0.1, 0.02),
      slope: draws.between(0.25, 0.5),
      strength: draws.between(0.5, 1.35),
    },
  };
}

/** Six in ten show the whole chest; the others a side, the tops of the lungs, the lower half, or any part. */
function drawView(draws: Draws, { height }: Chest): View {
  const turn = 0.05 * draws.normal();
  const whole = Math.max(1.06, 0.57 * height);
  const kind = draws.uniform();
  if (kind < 0.62)
    return { u: draws.between(-0.1, 0.1), v: height * draws.between(0.46, 0.58), half: whole * draws.between(0.95, 1.22), turn };
  const side = draws.pick([-1, 1]);
  if (kind < 0.78) return { u: side * draws.between(0.6, 0.76), v: height * draws.between(0.3, 0.65), half: draws.between(0.3, 0.5), turn };
  const half = draws.between(0.5, 0.75) * whole;
  if (kind < 0.91) return { u: draws.between(-0.4, 0.4), v: height * draws.between(0.08, 0.2), half: 0.65 * half, turn };
  if (kind < 0.96) return { u: draws.between(-0.2, 0.2), v: height * draws.between(0.7, 0.9), half, turn };
  return { u: draws.between(-0.6, 0.6), v: height * draws.between(0.3, 0.7), half, turn };
}

/** Half widths of a lung at a height, in parts of the lung's height. */
const steps = 512;
const lateral = Float64Array.from(
  { length: steps + 1 },
  (_, i) => 0.34 + 0.61 * Math.sin((Math.min(1, i / steps / 0.75) * Math.PI) / 2) ** 0.5,
);
const nearApex = Float64Array.from({ length: steps + 1 }, (_, i) => Math.max(0, 1 - i / steps / 0.07) ** 2);

/** How far inside the lung of a side a point lies: distance to the nearest edge, about; negative outside. @param a - |u| */
function lungDepth(chest: Chest, isRight: boolean, a: number, v: number): number {
  const t = v / chest.height;
  if (t < 0 || t > 1) return -1;
  const i = Math.floor(t * steps);
  const inner = chest.middle + 0.2 * nearApex[i]!;
  const dome = chest.dome[isRight ? 1 : 0]!;
  const off = a - 0.42;
  const floor = dome + (off > 0 ? (chest.height - dome) * (off / 0.54) ** 2 * 1.05 : 0.12 * (off / 0.4) ** 2);
  return Math.min(a - inner, lateral[i]! - a, floor - v);
}

function inHeart({ u, v, outline, atrium }: Heart, pu: number, pv: number): number {
  return Math.min(outline.at(pu - u, pv - v), atrium.at(pu + 0.04, pv - v - 0.02));
}

function drawLesion(draws: Draws, chest: Chest, view: View): Lesion | undefined {
  const kind = draws.chance(0.5) ? "nodule" : "consolidation";
  const radius = kind === "nodule" ? draws.between(0.05, 0.13) : draws.between(0.14, 0.42);
  const shape = { across: radius, down: radius * draws.between(0.8, 1.2), tilt: draws.between(0, 3) };
  const outline = blob(draws, { ...shape, uneven: kind === "nodule" ? draws.between(0.01, 0.08) : draws.between(0.12, 0.25) });
  const strength = kind === "nodule" ? draws.between(0.1, 0.26) : draws.between(0.1, 0.3);
  for (let i = 0; i < 60; i++) {
    const [u, v] = [draws.between(-0.95, 0.95), draws.between(0.02, 0.98) * chest.height];
    const margin = kind === "nodule" ? 0.9 * radius : 0.05;
    const isInPicture = Math.max(Math.abs(u - view.u), Math.abs(v - view.v)) < view.half - 0.8 * radius;
    if (isInPicture && lungDepth(chest, u > 0, Math.abs(u), v) > margin && inHeart(chest.heart, u, v) > 1.15) {
      return { kind, u, v, outline, strength };
    }
  }
  return undefined;
}

interface Masks {
  readonly left_lung: Mask;
  readonly right_lung: Mask;
  readonly heart: Mask;
  readonly lesion: Mask;
}

/** What the rays pass through at each pixel, 0 in air, and which structure it is. */
function project(chest: Chest, view: View, lesion: Lesion | undefined, all: Draws, size: number): { density: Float32Array; masks: Masks } {
  const draws = all.of("tissue");
  const field = (part: string, cells: number) => smoothField(draws.of(part).name, draws.seed, size, cells);
  const [cloud, mottle, branches, twigs] = [
    field("cloud", 4),
    field("mottle", 14),
    field("branches", 9 * view.half),
    field("twigs", 20 * view.half),
  ];
  const patchy = field("patchy", 12 * view.half);
  const air = draws.between(0.3, 0.44);
  const [vascular, haze] = [draws.between(0.05, 0.2), draws.chance(0.3) ? draws.between(0.02, 0.09) : 0.01];
  const [heartDensity, middleDensity] = [draws.between(0.16, 0.26), draws.between(0.15, 0.26)];
  const [airway, spine] = [draws.between(0.02, 0.08), draws.between(0.02, 0.07)];
  const bubble = draws.chance(0.45)
    ? { u: draws.between(0.35, 0.6), r: draws.between(0.1, 0.2), air: draws.between(0.05, 0.2) }
    : undefined;
  const { height, heart, ribs, middle } = chest;
  const [cos, sin] = [Math.cos(view.turn), Math.sin(view.turn)];
  const density = new Float32Array(size * size);
  const masks: Masks = { left_lung: emptyMask(size), right_lung: emptyMask(size), heart: emptyMask(size), lesion: emptyMask(size) };
  const pixel = (2 * view.half) / size;
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      const [dx, dy] = [(x + 0.5 - size / 2) * pixel, (y + 0.5 - size / 2) * pixel];
      const u = view.u + cos * dx - sin * dy + 0.012 * cloud[at]!;
      const v = view.v + sin * dx + cos * dy + 0.012 * patchy[at]! * 0.5;
      const a = Math.abs(u);
      const isRight = u > 0;
      // The body: neck, shoulders, chest.
      const shoulder = smoothStep(-0.5, 0.12, v);
      const wide = 0.36 + (chest.shoulders - 0.36) * shoulder + (1 + chest.wall - chest.shoulders) * smoothStep(0.3, 0.95, v);
      const edge = 1 - (a / wide) ** 2;
      if (edge <= 0) continue;
      let d = 0.62 * Math.sqrt(edge) + 0.02 * cloud[at]!;
      // Below the diaphragm lies the abdomen.
      const depth = lungDepth(chest, isRight, a, v);
      const below = v - chest.dome[isRight ? 1 : 0]!;
      d += 0.24 * smoothStep(-0.05, 0.3, below);
      if (bubble && isRight)
        d -=
          bubble.air *
          smoothStep(1.1, 0.6, Math.sqrt((u - bubble.u) ** 2 + 2 * (below - bubble.r) ** 2) / bubble.r) *
          smoothStep(0.02, 0.06, below);
      // The middle: spine, great vessels, airway.
      const waist = smoothStep(0.25, 0.62, v / height);
      const reach = middle + (isRight ? 0.16 : 0.05) * waist;
      const vessels =
        middleDensity * smoothStep(reach + 0.1, reach - 0.16, a) * (0.75 + 0.25 * waist) * (1 - 0.7 * smoothStep(-0.1, 0.2, below));
      const knob = Math.sqrt((u - 0.15) ** 2 + (v - 0.27 * height) ** 2);
      const hearted = inHeart(heart, u, v);
      const isHeart = hearted < 1 && v < chest.dome[1] + 0.1;
      const blood = heartDensity * smoothStep(1.02, 0.75, hearted) * smoothStep(0.25, 0, v - chest.dome[1]);
      d +=
        Math.max(vessels, blood, 0.8 * middleDensity * smoothStep(heart.knob + 0.02, heart.knob - 0.05, knob)) +
        0.25 * Math.min(vessels, blood);
      d += spine * smoothStep(0.14, 0.08, a) * (0.8 + 0.2 * smoothStep(-0.3, 0.3, Math.sin((v / height) * 42)));
      d -= airway * smoothStep(0.075, 0.035, Math.abs(u + 0.01)) * smoothStep(0.55, 0.45, v / height);
      if (isHeart) masks.heart.data[at] = 1;
      if (depth > -0.03) {
        d -=
          air * (0.5 * smoothStep(-0.015, 0.025, depth) + 0.5 * smoothStep(0, 0.35, depth)) * (1 - 0.8 * smoothStep(1.04, 0.85, hearted));
        const hilum = Math.max(0, 1 - Math.sqrt((a - 0.2) ** 2 + ((v - 0.5 * height) * 0.8) ** 2) / 0.65);
        d +=
          (hearted < 1 ? 0.25 : 1) *
          smoothStep(-0.02, 0.07, depth) *
          vascular *
          hilum *
          (0.3 * hilum + thread(branches[at]!, 0.25) * (0.6 + 0.5 * patchy[at]!) + 0.8 * thread(twigs[at]!, 0.3));
        d += haze * (0.4 + 0.6 * mottle[at]!) + 0.03 * thread(twigs[at]!, 0.25);
        if (depth > 0 && !isHeart && knob > heart.knob) {
          (isRight ? masks.left_lung : masks.right_lung).data[at] = 1;
          if (lesion) d += addLesion(lesion, u, v, patchy[at]!, masks.lesion, at);
        }
      }
      d += ribs.strength * bones(chest, a, v, depth);
      density[at] = d;
    }
  }
  return { density, masks };
}

function addLesion({ kind, u, v, outline, strength }: Lesion, pu: number, pv: number, patchy: number, mask: Mask, at: number): number {
  const [du, dv] = [pu - u, pv - v];
  if (Math.max(Math.abs(du), Math.abs(dv)) > 1.3 * outline.reach) return 0;
  const out = outline.at(du, dv) + (kind === "consolidation" ? 0.12 * patchy : 0);
  if (out >= 1) return 0;
  mask.data[at] = 1;
  return kind === "nodule" ? strength * smoothStep(1.03, 0.75, out) : strength * smoothStep(1.05, 0.55, out) * (0.85 + 0.2 * patchy);
}

/** Ribs, brighter at their edges, collar bones and shoulder blades. */
function bones({ ribs, height, wall }: Chest, a: number, v: number, depth: number): number {
  let d = 0;
  if (a < 1.02 && v < height * 1.1) {
    const fade = smoothStep(1.02, 0.93, a) * smoothStep(-0.12, 0.02, v);
    const rear = (v - ribs.first + 0.1 * Math.sin(Math.min(1, a / 0.5) * Math.PI) - ribs.slope * a * a) / ribs.spacing;
    d += 0.075 * band(rear - Math.floor(rear), 0.3) * smoothStep(0.08, 0.16, a) * fade * (depth > 0 ? 1 : 0.5);
    const front = (v - ribs.first - ribs.slope - 0.75 * (1 - a) * (1.1 - 0.3 * a)) / (1.12 * ribs.spacing);
    d += 0.045 * band(front - Math.floor(front), 0.34) * smoothStep(0.3, 0.5, a) * fade;
  }
  const collar = Math.abs(v - 0.1 + 0.16 * smoothStep(0.1, 1.2, a) - 0.05 * Math.sin(a * 4));
  d +=
    0.11 *
    smoothStep(0.05, 0.035, collar) *
    (1 - 0.5 * smoothStep(0.03, 0.01, collar)) *
    smoothStep(0.1, 0.16, a) *
    smoothStep(1.35, 1.2, a);
  const blade = a - 0.98 - wall * 0.4 + 0.22 * v;
  d += 0.06 * smoothStep(0.04, 0.02, Math.abs(blade) - 0.05) * smoothStep(0.05, 0.15, v) * smoothStep(0.85, 0.6, v);
  return d;
}

/** A band of `width` in a period of 1. */
function band(phase: number, width: number): number {
  const off = Math.abs(phase - 0.5) / (width / 2);
  return off > 1.15 ? 0 : smoothStep(1.15, 0.95, off) * (0.6 + 0.4 * smoothStep(0.6, 0.9, off));
}

/** The film: density to gray, with the noise of the rays and what processing does to contrast. */
function expose(density: Float32Array, all: Draws, size: number): Uint8Array {
  const draws = all.of("exposure");
  const fine = size / draws.between(1.1, 1.8);
  const noise = smoothField(draws.of("noise").name, draws.seed, size, fine);
  const [dark, bright] = [draws.between(-0.05, 0.14), draws.between(0.85, 1.25)];
  const grain = 0.003 + 0.02 * draws.uniform() ** 2;
  const gamma = draws.between(0.75, 1.3);
  const uneven = [draws.between(-0.07, 0.07), draws.between(-0.07, 0.07)] as const;
  const black = draws.chance(0.75) ? 0 : draws.integer(5, 45);
  const tone = Uint8Array.from({ length: 1024 }, (_, i) => Math.round(black + (250 - black) * (i / 1023) ** gamma));
  const data = new Uint8Array(size * size);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      const light = density[at]! * (1 + uneven[0] * (x / size - 0.5) + uneven[1] * (y / size - 0.5)) + grain * noise[at]!;
      data[at] = tone[Math.min(1023, Math.max(0, Math.round(((light - dark) / (bright - dark)) * 1023)))]!;
    }
  }
  return data;
}

/** Cables, letters at the patient's sides, and the black rim of a narrow beam, which hides what lies there. */
function mark(data: Uint8Array, masks: Masks, view: View, draws: Draws, size: number): void {
  const dot = Math.max(1, (size / 256) * draws.pick([2, 2, 3]));
  if (draws.chance(0.2)) {
    for (let i = draws.integer(1, 4); i > 0; i--) {
      const point = () => [draws.uniform() * size, draws.uniform() * size] as const;
      burnCurve(data, size, [[draws.pick([-5, size + 5]), draws.uniform() * size], point(), point()], draws.integer(25, 70));
    }
  }
  if (draws.chance(0.22)) collimate(data, masks, draws, size);
  const level = draws.integer(190, 255);
  if (draws.chance(0.55) && view.half > 0.9) {
    const isLeft = draws.chance(0.5);
    const at = { x: (isLeft ? draws.between(0.86, 0.94) : draws.between(0.02, 0.1)) * size, y: draws.between(0.03, 0.25) * size };
    burnText(data, size, isLeft ? "L" : "R", { ...at, dot, level });
  }
  if (draws.chance(0.15)) {
    const text = draws.pick(["PORTABLE", "AP", "PA", "ERECT", "SUPINE", "MOBILE", "AP ERECT"]);
    burnText(data, size, text, {
      x: draws.between(0.05, 0.75) * size,
      y: draws.between(0.01, 0.06) * size,
      dot: Math.max(1, dot - 1),
      level,
    });
  }
}

function collimate(data: Uint8Array, masks: Masks, draws: Draws, size: number): void {
  const turn = 0.04 * draws.normal();
  const limits = Array.from({ length: 4 }, () => (draws.chance(0.55) ? draws.between(0.01, 0.1) : -1) * size);
  const [left, right, top, bottom] = limits as [number, number, number, number];
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      const [px, py] = [x + turn * (y - size / 2), y - turn * (x - size / 2)];
      if (px >= left && px < size - right && py >= top && py < size - bottom) continue;
      data[at] = 0;
      for (const { data: mask } of Object.values(masks)) mask[at] = 0;
    }
  }
}
