import type { Draws } from "./_draws.ts";

/** Directions in which an outline is stored. */
const directions = 512;

/** A star-shaped outline: by direction, the distance from the centre to the edge, in the unit of the two half axes. */
export class Outline {
  /** The largest distance. */
  readonly reach: number;
  private readonly radius: Float64Array;

  /** @param radius - of a direction in radians */
  constructor(radius: (angle: number) => number) {
    this.radius = Float64Array.from({ length: directions }, (_, i) => radius((2 * Math.PI * i) / directions));
    this.reach = this.radius.reduce((largest, one) => Math.max(largest, one), 0);
  }

  /** How far out a point is: 0 at the centre, 1 on the edge. */
  at(dx: number, dy: number): number {
    const turn = Math.atan2(dy, dx) / (2 * Math.PI);
    return Math.sqrt(dx * dx + dy * dy) / this.radius[Math.floor((turn + 1) * directions) % directions]!;
  }
}

/** An ellipse with `waves` of relative height `uneven`, and spikes. */
export function blob(
  draws: Draws,
  shape: { readonly across: number; readonly down: number; readonly tilt: number; readonly uneven: number; readonly spikes?: number },
): Outline {
  const waves = Array.from({ length: 6 }, (_, i) => ({
    n: i + 2,
    height: (shape.uneven * draws.normal()) / (i + 2),
    phase: draws.between(0, 7),
  }));
  const spikes = Array.from({ length: shape.spikes ?? 0 }, () => ({
    angle: draws.between(0, 2 * Math.PI),
    width: draws.between(0.12, 0.3),
    height: draws.between(0.08, 0.32),
  }));
  return new Outline((angle) => {
    const [c, s] = [Math.cos(angle - shape.tilt) / shape.across, Math.sin(angle - shape.tilt) / shape.down];
    let factor = 1;
    for (const { n, height, phase } of waves) factor += height * Math.cos(n * angle + phase);
    for (const spike of spikes) {
      const away = Math.abs(Math.atan2(Math.sin(angle - spike.angle), Math.cos(angle - spike.angle)));
      factor += spike.height * Math.max(0, 1 - away / spike.width);
    }
    return Math.max(0.3, factor) / Math.sqrt(c * c + s * s);
  });
}

/** A smooth random line over [0, 1], about between -1 and 1. @param bends - how often it turns, about */
export function wave(draws: Draws, bends: number): (t: number) => number {
  const parts = Array.from({ length: 4 }, (_, i) => ({
    turns: Math.PI * bends * draws.between(0.3, 1) * (1 + 0.3 * i),
    phase: draws.between(0, 2 * Math.PI),
    height: 0.55 / (1 + 0.4 * i),
  }));
  return (t) => parts.reduce((sum, { turns, phase, height }) => sum + height * Math.sin(turns * t + phase), 0);
}

/** Rises smoothly from 0 at `low` to 1 at `high`. */
export function smoothStep(low: number, high: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** 1 on the zero lines of a smooth field, falling to 0 where it is `width` off: threads through tissue. */
export function thread(field: number, width: number): number {
  return Math.max(0, 1 - Math.abs(field) / width);
}
