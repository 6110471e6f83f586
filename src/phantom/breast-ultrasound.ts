import type { Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { Draws } from "./_draws.ts";
import { areaOf, emptyMask, inView } from "./_in-view.ts";
import { burnText } from "./_markers.ts";
import { blob, type Outline, smoothStep, thread, wave } from "./_outline.ts";
import type { Phantom, StructureFacts } from "./phantom.ts";

/** What lies over what, from the skin down; the number is the label while drawing. */
const layer = { outside: 0, skin: 1, fat: 2, gland: 3, muscle: 4, deep: 5, lesion: 6 } as const;

/** Mean echo of each layer in dB, by label. */
const echo = [0, 4, -13, 0, -9, -20, 0];

/** Depths in centimetres below the skin's surface, by the column of the picture. */
interface Anatomy {
  readonly skin: Float64Array;
  readonly fat: Float64Array;
  readonly gland: Float64Array;
  readonly muscle: Float64Array;
}

/** The part of the picture that holds the scan, in pixels, and the part of the breast that it shows, in centimetres. */
interface View {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly top: number;
  readonly depth: number;
  readonly width: number;
}

interface Lesion {
  readonly kind: "benign" | "malignant";
  /** Of the centre, in centimetres from the scan's left edge and the skin. */
  readonly x: number;
  readonly y: number;
  readonly outline: Outline;
}

/**
 * Draws a breast ultrasound: skin, subcutaneous fat, fibroglandular tissue, pectoral muscle, and in most a lesion. Layers may lie outside
 * the picture, and a breast may be all fat.
 *
 * The structures are disjoint: a lesion's pixels belong to the lesion alone. Facts of the lesion: kind "benign" or "malignant", size by the
 * part of the picture that it covers, site "upper" or "deep" half of the scan.
 *
 * @param name - names the stream of random numbers: the same name, seed and size give the same bytes
 * @param size - width and height in pixels
 */
export function breastUltrasound(name: string, seed: number, size: number): Phantom {
  const draws = new Draws(name, seed);
  const view = drawView(draws.of("view"), size);
  const anatomy = drawAnatomy(draws.of("anatomy"), view, size);
  const lesion = draws.chance(0.7) ? drawLesion(draws.of("lesion"), anatomy, view, size) : undefined;
  const rough = smoothField(`${name}/rough`, seed, size, 60 / view.depth, 60 / view.depth);
  const labels = label(anatomy, rough, view, size);
  const depthInLesion = lesion ? paintLesion(labels, lesion, rough, view, size) : undefined;
  const levels = echoes({ labels, rough, anatomy, view, lesion, inside: depthInLesion }, draws, size);
  const data = display(levels, view, draws, size);
  mark(data, view, draws.of("marks"), size);
  const masks = masksOf(labels, size);
  return { modality: "breast-ultrasound", image: { width: size, height: size, data }, structures: told(masks, lesion, view) };
}

function told({ lesion: area, ...tissue }: ReturnType<typeof masksOf>, lesion: Lesion | undefined, view: View) {
  const part = areaOf(area) / ((view.x1 - view.x0) * (view.y1 - view.y0));
  const facts: StructureFacts = {
    kind: lesion?.kind,
    size: part < 0.035 ? "small" : part < 0.09 ? "medium" : "large",
    site: lesion && rowOf(lesion.y, view) < (view.y0 + view.y1) / 2 ? "upper" : "deep",
  };
  return inView({ lesion: area, ...tissue }, { lesion: facts }, ["lesion"]);
}

/** Most scans fill the picture; others stand in a black frame. Some are enlarged beyond the skin. */
function drawView(draws: Draws, size: number): View {
  const frame = draws.uniform();
  const [sides, ends] = [frame < 0.18 ? draws.between(0.04, 0.17) : 0, frame > 0.84 ? draws.between(0.03, 0.16) : 0];
  const aside = draws.chance(0.5) ? sides : draws.between(0, 2) * sides;
  const depth = draws.between(1.7, 4.4);
  return {
    x0: Math.round(aside * size),
    x1: Math.round((1 - Math.max(0, 2 * sides - aside)) * size),
    y0: Math.round(ends * draws.uniform() * size),
    y1: Math.round((1 - ends) * size),
    top: draws.chance(0.15) ? draws.between(0.35, 1) : draws.between(-0.03, 0.03),
    depth,
    width: depth * draws.between(0.85, 1.35),
  };
}

const rowOf = (y: number, view: View) => view.y0 + ((y - view.top) / view.depth) * (view.y1 - view.y0);
const columnOf = (x: number, view: View) => view.x0 + (x / view.width) * (view.x1 - view.x0);

function drawAnatomy(draws: Draws, view: View, size: number): Anatomy {
  const composition = draws.uniform(); // a breast of fat, a dense one, or between
  const fat = composition < 0.15 ? draws.between(1.4, 2.6) : composition > 0.8 ? draws.between(0.08, 0.25) : draws.between(0.25, 1.1);
  const gland = composition < 0.15 ? 0 : draws.between(0.8, 2.4);
  const [press, tilt] = [draws.between(0.01, 0.06), draws.between(-0.1, 0.1)];
  const lines = Array.from({ length: 4 }, (_, i) => wave(draws.of(`line ${i}`), draws.between(0.7, 2.6)));
  const [skinThickness, muscleThickness] = [draws.between(0.1, 0.26), draws.between(0.5, 1.3)];
  const ripple = wave(draws.of("ripple"), 7);
  const depths = (of: (t: number) => number) => Float64Array.from({ length: size }, (_, x) => of((x + 0.5) / size - 0.5));
  const skin = depths((t) => skinThickness + 0.03 * lines[0]!(t));
  const fatBottom = depths((t) => skinThickness + fat * (1 + 0.2 * lines[1]!(t) + press * ripple(t)) + tilt * t * view.width);
  const glandBottom = fatBottom.map((y, x) => y + gland * (1 + 0.13 * lines[2]!((x + 0.5) / size - 0.5)));
  const muscle = glandBottom.map((y, x) => y + muscleThickness * (1 + 0.15 * lines[3]!((x + 0.5) / size - 0.5)));
  return { skin, fat: fatBottom.map((y, x) => Math.max(y, skin[x]! + 0.05)), gland: glandBottom, muscle };
}

/** Somewhere between the skin and the muscle; small enough for its place, and at least for the most part in the picture. */
function drawLesion(draws: Draws, anatomy: Anatomy, view: View, size: number): Lesion | undefined {
  const kind = draws.chance(0.5) ? "benign" : "malignant";
  const largest = 0.25 * Math.min(view.depth, view.width);
  const radius = Math.min(largest, draws.between(0.18, 0.45) + 0.7 * draws.uniform() ** 2);
  const flat = kind === "benign" ? draws.between(0.5, 0.9) : draws.between(0.65, 1.3);
  const [across, down] = flat < 1 ? [radius, radius * flat] : [radius / flat, radius];
  const x = draws.between(0.7 * across, view.width - 0.7 * across);
  const column = Math.min(size - 1, Math.max(0, Math.floor(columnOf(x, view))));
  const top = Math.max(view.top, anatomy.skin[column]!) + 0.9 * down;
  const bottom = Math.min(view.top + view.depth - 0.8 * down, anatomy.gland[column]! - 0.5 * down);
  const y = top < bottom ? draws.between(top, bottom) : top;
  if (y > view.top + view.depth - 0.5 * down) return undefined;
  const shape = { across, down, tilt: draws.between(-0.35, 0.35) };
  const outline =
    kind === "benign"
      ? blob(draws, { ...shape, uneven: draws.between(0.01, 0.07) })
      : blob(draws, { ...shape, uneven: draws.between(0.12, 0.3), spikes: draws.integer(2, 9) });
  return { kind, x, y, outline };
}

/** The layer of each pixel. @param rough - [size · size], moves the borders below the skin up and down */
function label({ skin, fat, gland, muscle }: Anatomy, rough: Float32Array, view: View, size: number): Uint8Array {
  const labels = new Uint8Array(size * size);
  const perRow = view.depth / (view.y1 - view.y0);
  for (let y = view.y0; y < view.y1; y++) {
    const surface = view.top + (y + 0.5 - view.y0) * perRow;
    for (let x = view.x0; x < view.x1; x++) {
      const depth = surface + 0.025 * rough[y * size + x]!;
      labels[y * size + x] =
        surface < skin[x]!
          ? layer.skin
          : depth < fat[x]!
            ? layer.fat
            : depth < gland[x]!
              ? layer.gland
              : depth < muscle[x]!
                ? layer.muscle
                : layer.deep;
    }
  }
  return labels;
}

/** Labels the lesion's pixels. @returns by pixel near it, how far out it is: 1 on the edge; elsewhere 9 */
function paintLesion(labels: Uint8Array, { kind, x, y, outline }: Lesion, rough: Float32Array, view: View, size: number): Float32Array {
  const out = new Float32Array(size * size).fill(9);
  const [perColumn, perRow] = [view.width / (view.x1 - view.x0), view.depth / (view.y1 - view.y0)];
  const reach = 1.5 * outline.reach;
  const uneven = kind === "malignant" ? 0.09 : 0.015;
  const [left, right] = [columnOf(x - reach, view), columnOf(x + reach, view)].map(Math.round);
  const [upper, lower] = [rowOf(y - reach, view), rowOf(y + reach, view)].map(Math.round);
  for (let row = Math.max(view.y0, upper!); row < Math.min(view.y1, lower!); row++) {
    for (let column = Math.max(view.x0, left!); column < Math.min(view.x1, right!); column++) {
      const dx = (column + 0.5 - view.x0) * perColumn - x;
      const dy = (row + 0.5 - view.y0) * perRow + view.top - y;
      const at = row * size + column;
      out[at] = outline.at(dx, dy) + uneven * rough[at]!;
      if (out[at]! < 1 && labels[at] !== layer.skin) labels[at] = layer.lesion;
    }
  }
  return out;
}

interface Drawn {
  readonly labels: Uint8Array;
  readonly rough: Float32Array;
  readonly anatomy: Anatomy;
  readonly view: View;
  readonly lesion: Lesion | undefined;
  readonly inside: Float32Array | undefined;
}

/** Echo of every pixel in dB, before speckle. */
function echoes({ labels, rough, anatomy, view, lesion, inside }: Drawn, all: Draws, size: number): Float32Array {
  const draws = all.of("tissue");
  const field = (part: string, across: number, down: number) => smoothField(draws.of(part).name, draws.seed, size, across, down);
  const zoom = 3.5 / view.depth;
  const patches = field("patches", 5, 6);
  const lobules = field("lobules", 9 / zoom, 16 / zoom);
  const septa = field("septa", draws.between(3, 6) / zoom, draws.between(5, 11) / zoom);
  const fibres = field("fibres", draws.between(1.5, 4), draws.between(20, 34) / zoom);
  const streaks = field("streaks", draws.between(5, 10) / zoom, draws.between(28, 52) / zoom);
  const [lobular, septal, fibrous, streaky] = [draws.between(2.5, 6.5), draws.between(4, 12), draws.between(3, 8), draws.between(9, 20)];
  const contrast = draws.between(0.6, 1.15); // how far fat and muscle are darker than gland
  const decay = draws.between(2, 14) + (draws.chance(0.25) ? 8 : 0); // dB over the depth, beyond what the scanner makes up for
  const focus = draws.between(0.2, 0.6);
  const perRow = view.depth / (view.y1 - view.y0);
  const toRow = 1 / perRow;
  const shades = shadows(draws.of("shadows"), size);
  const levels = new Float32Array(size * size);
  for (let y = view.y0; y < view.y1; y++) {
    const depth = view.top + (y + 0.5 - view.y0) * perRow;
    const part = (y - view.y0) / (view.y1 - view.y0);
    const lost = decay * part + 5 * Math.max(0, part - focus) ** 2;
    for (let x = view.x0; x < view.x1; x++) {
      const at = y * size + x;
      const kind = labels[at]!;
      // Threads follow the layers: their fields are read at a row that moves along with the border above.
      const shift = Math.round((anatomy.fat[x]! - anatomy.fat[size >> 1]!) * toRow);
      const along = Math.min(size - 1, Math.max(0, y - shift)) * size + x;
      // Short bright streaks where sheets of tissue lie across the beam: some parts have many, others none.
      const streak = streaky * thread(streaks[along]!, 0.3) * Math.max(0, Math.min(1.3, 0.55 + 0.8 * lobules[along]!));
      let level = contrast * echo[kind]! + 2.5 * patches[at]!;
      if (kind === layer.fat) level += septal * thread(septa[along]!, 0.11) + 1.2 * lobules[at]! + 0.55 * streak;
      else if (kind === layer.gland)
        level += lobular * lobules[along]! + 0.5 * septal * thread(septa[along]!, 0.18) + 0.3 * fibrous * fibres[along]! + 0.8 * streak;
      else if (kind === layer.muscle) level += 0.6 * fibrous * fibres[along]! + fibrous * thread(fibres[along]! - 0.8, 0.5) + 0.9 * streak;
      else if (kind === layer.deep) level += 2 * lobules[at]! + 0.5 * streak - 4 * smoothStep(0, 0.8, depth - anatomy.muscle[x]!);
      else if (kind === layer.skin) level += 2 * fibres[at]!;
      level +=
        border(depth - anatomy.skin[x]!, 0.03) * 7 +
        border(depth - anatomy.gland[x]! + 0.025 * rough[at]!, 0.035) * 8 * (0.5 + 0.5 * lobules[along]!);
      level += border(depth - anatomy.muscle[x]! + 0.025 * rough[at]!, 0.05) * 12 * (0.8 + 0.3 * patches[at]!);
      if (kind === layer.skin) level += border(depth, 0.05) * 8;
      levels[at] = level - lost - shades[x]! * smoothStep(0, 0.6, part);
    }
  }
  if (lesion && inside) addLesion(levels, { lesion, inside, labels, lobules, septa, view }, all.of("lesion echo"), size);
  soften(levels, size);
  return levels;
}

/** 1 on a border, falling to 0 at `width` centimetres off it. */
const border = (off: number, width: number) => Math.max(0, 1 - Math.abs(off) / width);

/** By column, dB lost where the probe does not touch or a ligament scatters. */
function shadows(draws: Draws, size: number): Float64Array {
  const lost = new Float64Array(size);
  const [left, right] = [draws.chance(0.3) ? draws.between(4, 18) : 0, draws.chance(0.3) ? draws.between(4, 18) : 0];
  const [at, width, depth] = [draws.uniform(), draws.between(0.03, 0.12), draws.chance(0.3) ? draws.between(5, 13) : 0];
  for (let x = 0; x < size; x++) {
    const t = (x + 0.5) / size;
    const inner = smoothStep(1, 0, Math.abs(t - at) / width);
    lost[x] = left * smoothStep(0.2, 0, t) + right * smoothStep(0.8, 1, t) + depth * inner;
  }
  return lost;
}

interface LesionEcho {
  readonly lesion: Lesion;
  readonly inside: Float32Array;
  readonly labels: Uint8Array;
  readonly lobules: Float32Array;
  readonly septa: Float32Array;
  readonly view: View;
}

/** Darkens the lesion, and brightens or darkens what lies in its way. */
function addLesion(levels: Float32Array, { lesion, inside, labels, lobules, septa, view }: LesionEcho, draws: Draws, size: number): void {
  const isBenign = lesion.kind === "benign";
  const isCyst = isBenign && draws.chance(0.25);
  const mean = isCyst ? draws.between(-42, -34) : draws.between(-27, -16);
  const uneven = isCyst ? 0.4 : isBenign ? draws.between(0.8, 2.2) : draws.between(2, 5);
  const rim = isBenign ? draws.between(0, 7) : draws.chance(0.5) ? draws.between(2, 6) : 0;
  const blur = isBenign ? draws.between(0.03, 0.1) : draws.between(0.08, 0.24);
  const calcified = !isBenign && draws.chance(0.4) ? 20 : 0;
  const behind = isCyst
    ? draws.between(5, 9)
    : isBenign
      ? draws.between(-1, 7)
      : draws.chance(0.75)
        ? draws.between(-20, -6)
        : draws.between(-3, 2);
  const bottom = new Float64Array(size).fill(-1); // by column, the lowest row of the lesion
  const chord = new Float64Array(size);
  for (let at = 0; at < levels.length; at++) {
    const out = inside[at]!;
    if (out > 1.4) continue;
    if (labels[at] === layer.lesion) {
      bottom[at % size] = Math.floor(at / size);
      chord[at % size]! += 1;
    }
    const within = smoothStep(1 + blur / 2, 1 - blur, out);
    const core = mean + uneven * lobules[at]! + (out < 0.8 ? calcified * thread(septa[at]! - 0.3, 0.12) * thread(lobules[at]!, 0.3) : 0);
    levels[at] = levels[at]! * (1 - within) + core * within + rim * border(out - 1.08, 0.1);
  }
  const longest = chord.reduce((most, one) => Math.max(most, one), 1);
  const fade = draws.between(0.35, 1.1) * (view.y1 - view.y0);
  const middle = rowOf(lesion.y, view);
  // Beams are wider than a column, so the edges of a shadow are soft.
  const beam = Math.round(draws.between(0.01, 0.035) * size);
  const strength = smoothed(
    chord.map((one) => behind * Math.min(1, 1.4 * (one / longest) ** 1.5)),
    beam,
  );
  for (let x = 0; x < size; x++) {
    const start = Math.round(bottom[x]! < 0 ? middle : bottom[x]!);
    for (let y = Math.max(view.y0, start + 1); y < view.y1; y++) {
      const away = y - start;
      levels[y * size + x]! += strength[x]! * Math.min(1, away / 5) * Math.max(0, 1 - away / fade);
    }
  }
}

/** Means over windows of 2 reach + 1. */
function smoothed(line: Float64Array, reach: number): Float64Array {
  return line.map((_, x) => {
    const window = line.subarray(Math.max(0, x - reach), x + reach + 1);
    return window.reduce((sum, one) => sum + one, 0) / (2 * reach + 1);
  });
}

/** Blurs the picture by a pixel, as borders have no edge in an echo. */
function soften(levels: Float32Array, size: number): void {
  for (const step of [1, size]) {
    let before = levels[0]!;
    for (let at = step; at < levels.length - step; at++) {
      // Along a column the pixel above is new already; that only shifts the blur by a part of a pixel.
      if (step > 1) before = levels[at - step]!;
      const here = levels[at]!;
      levels[at] = 0.25 * before + 0.5 * here + 0.25 * levels[at + step]!;
      before = here;
    }
  }
}

/** Echoes with speckle as the scanner shows them: the logarithm of the magnitude, cut to a range and drawn as gray. */
function display(levels: Float32Array, view: View, all: Draws, size: number): Uint8Array {
  const draws = all.of("display");
  const looks = draws.pick([1, 2, 3, 4, 6]); // pictures from several angles, joined by the scanner
  const grain = draws.between(0.8, 1.35) * (size / 256);
  const [across, down] = [size / (draws.between(2.2, 4.4) * grain), size / (draws.between(1.2, 1.9) * grain)];
  const power = new Float32Array(size * size);
  for (let i = 0; i < 2 * looks; i++) {
    const part = smoothField(draws.of(`speckle ${i}`).name, draws.seed, size, across, down);
    for (let at = 0; at < power.length; at++) power[at]! += part[at]! * part[at]!;
  }
  const [range, gain, gamma] = [draws.between(40, 62), draws.between(0.42, 0.72), draws.between(0.85, 1.25)];
  const strength = draws.between(0.6, 0.95) * 10 * Math.LOG10E;
  const least = 0.12 * looks;
  const tone = Uint8Array.from({ length: 1024 }, (_, i) => Math.round(255 * (i / 1023) ** gamma));
  const data = new Uint8Array(size * size);
  for (let y = view.y0; y < view.y1; y++) {
    for (let x = view.x0; x < view.x1; x++) {
      const at = y * size + x;
      const shown = (levels[at]! + strength * Math.log((power[at]! + least) / (2 * looks))) / range + gain;
      data[at] = tone[Math.min(1023, Math.max(0, Math.round(shown * 1023)))]!;
    }
  }
  return data;
}

/** Letters, as hospitals burn them in; never at the lesion on purpose. */
function mark(data: Uint8Array, view: View, draws: Draws, size: number): void {
  const dot = (size / 256) * draws.pick([1, 2, 2]);
  if (draws.chance(0.25)) {
    const text = draws.pick(["RT BREAST", "LT BREAST", "BREAST", "RT AXILLA", "4H", "D 10.1 MM", "L12", "3 CM", "RT 9 00"]);
    const at = { x: draws.between(0.02, 0.7) * size, y: draws.pick([draws.between(0.02, 0.1), draws.between(0.82, 0.94)]) * size };
    burnText(data, size, text, { ...at, dot, level: draws.integer(170, 255) });
  }
  if (draws.chance(0.3)) burnText(data, size, "C", { x: view.x0 + dot, y: view.y0 + dot, dot: Math.max(1, dot / 2), level: 200 });
  if (draws.chance(0.05)) {
    for (let i = 0; i < 2; i++) burnText(data, size, "+", { x: draws.uniform() * size, y: draws.uniform() * size, dot, level: 230 });
  }
}

function masksOf(labels: Uint8Array, size: number) {
  const names = ["skin", "fat", "gland", "muscle", "lesion"] as const;
  return Object.fromEntries(
    names.map((name) => [name, { ...emptyMask(size), data: labels.map((one) => (one === layer[name] ? 1 : 0)) }]),
  ) as Record<(typeof names)[number], Mask>;
}
