import type { ChestSlice, Waves } from "./_chest-level.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, rough, type Shape, union, within, without } from "./_shapes.ts";
import type { StructureFacts } from "./phantom.ts";

export interface Nodule {
  readonly facts: StructureFacts;
  readonly radius: number;
  readonly outline: Shape;
}

const sites = ["anterior", "posterior", "central", "peripheral"] as const;

/** A nodule, or a mass where it is large, in one lung; nothing where the lungs of the slice have no room for it. */
export function growNodule(slice: ChestSlice, waves: Waves, draws: Draws): Nodule | undefined {
  const side = draws.pick(["left", "right"] as const);
  const site = draws.pick(sites);
  const radius = 0.03 + 0.16 * draws.uniform() ** 1.8;
  const at = placeIn(slice, side, site, radius, draws);
  if (!at) return undefined;
  const body = ellipse(at.u, at.v, radius * draws.between(0.95, 1.25), radius * draws.between(0.8, 1), draws.between(0, Math.PI));
  const rounded = rough(rough(body, waves.short, draws.between(0.05, 0.2) * radius), waves.long, 0.1 * radius);
  const outline = radius > 0.04 && draws.chance(0.4) ? union(rounded, ...spicules(at, radius, draws)) : rounded;
  const size = radius < 0.05 ? "small" : radius < 0.1 ? "medium" : "large";
  return { facts: { side, size, site }, radius, outline: without(within(outline, grown(slice.cavity, -0.002)), slice.mediastinum) };
}

type Place = { readonly u: number; readonly v: number };

/** A place in the lung, tried at random. */
function placeIn(slice: ChestSlice, side: "left" | "right", site: (typeof sites)[number], radius: number, draws: Draws): Place | undefined {
  const lung = side === "left" ? slice.leftLung : slice.rightLung;
  const { a, b } = slice.half;
  for (let attempt = 0; attempt < 120; attempt++) {
    const at = { u: (side === "left" ? 1 : -1) * draws.between(0.1, 1) * a, v: draws.between(-1, 1) * b };
    if (lung.depth(at.u, at.v, 0) < Math.min(0.03, 0.4 * radius) || !isAt[site](at, slice)) continue;
    return site === "peripheral" ? towardsWall(slice, at, radius * draws.between(0.3, 0.8)) : at;
  }
  return undefined;
}

const isAt: Record<(typeof sites)[number], (at: Place, slice: ChestSlice) => boolean> = {
  anterior: ({ v }, { half }) => v < -0.3 * half.b,
  posterior: ({ v }, { half }) => v > 0.35 * half.b,
  central: ({ u, v }, { half }) => Math.abs(u) < 0.55 * half.a && Math.abs(v) < 0.45 * half.b,
  peripheral: ({ u, v }, { half }) => (u / half.a) ** 2 + (v / half.b) ** 2 > 0.5,
};

function towardsWall({ cavity }: ChestSlice, { u, v }: Place, depth: number): Place {
  const length = Math.sqrt(u * u + v * v);
  const [du, dv] = [u / length, v / length];
  for (let step = 0; step < 30 && cavity.depth(u, v, 0) > depth; step++) [u, v] = [u + 0.01 * du, v + 0.01 * dv];
  return { u, v };
}

function spicules(at: Place, radius: number, draws: Draws): readonly Shape[] {
  return Array.from({ length: draws.integer(6, 11) }, () => {
    const angle = draws.between(0, 2 * Math.PI);
    const [du, dv] = [Math.cos(angle), Math.sin(angle)];
    const length = radius * draws.between(1.2, 1.7);
    return capsule(at.u + 0.6 * radius * du, at.v + 0.6 * radius * dv, at.u + length * du, at.v + length * dv, 0.2 * radius, 0.004);
  });
}
