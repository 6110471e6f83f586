/** How deep a point (u, v) lies inside a shape, in units of anatomy: 0 at the border, negative outside. `pixel` indexes fields of the picture. */
export type Depth = (u: number, v: number, pixel: number) => number;

/** A shape in the plane of the anatomy, u to the picture's right and v down; nothing of it lies beyond `reach` from (u, v). */
export interface Shape {
  readonly u: number;
  readonly v: number;
  readonly reach: number;
  readonly depth: Depth;
}

/**
 * An ellipse with half-axes a and b, the first at an angle of `turn` radians to u.
 *
 * @param square - 0: an ellipse; towards 1: a rounded rectangle (a superellipse of power 4)
 */
export function ellipse(u: number, v: number, a: number, b: number, turn = 0, square = 0): Shape {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const least = Math.min(a, b);
  return {
    u,
    v,
    reach: Math.max(a, b) * (1 + 0.42 * square),
    depth: (pu, pv) => {
      const x = ((pu - u) * cos + (pv - v) * sin) / a;
      const y = ((pv - v) * cos - (pu - u) * sin) / b;
      const [xx, yy] = [x * x, y * y];
      const round = xx + yy;
      const radius = square === 0 ? round : round + square * (Math.sqrt(xx * xx + yy * yy) - round);
      return (1 - Math.sqrt(radius)) * least;
    },
  };
}

/** The hull of two discs: a limb, a vessel, a fissure. */
export function capsule(u0: number, v0: number, u1: number, v1: number, radius0: number, radius1 = radius0): Shape {
  const [du, dv] = [u1 - u0, v1 - v0];
  const lengthSquared = du * du + dv * dv || 1e-12;
  return {
    u: (u0 + u1) / 2,
    v: (v0 + v1) / 2,
    reach: Math.sqrt(lengthSquared) / 2 + Math.max(radius0, radius1),
    depth: (pu, pv) => {
      const t = Math.min(1, Math.max(0, ((pu - u0) * du + (pv - v0) * dv) / lengthSquared));
      const [x, y] = [pu - u0 - t * du, pv - v0 - t * dv];
      return radius0 + t * (radius1 - radius0) - Math.sqrt(x * x + y * y);
    },
  };
}

/** The border moved by a field of the picture, `amplitude` for each unit of it. */
export function rough(shape: Shape, field: Float32Array, amplitude: number): Shape {
  const { depth } = shape;
  return { ...shape, reach: shape.reach + 3 * Math.abs(amplitude), depth: (u, v, pixel) => depth(u, v, pixel) + amplitude * field[pixel]! };
}

/** The border moved outwards, or inwards where `by` is negative. */
export function grown(shape: Shape, by: number): Shape {
  const { depth } = shape;
  return { ...shape, reach: shape.reach + 2 * Math.max(0, by), depth: (u, v, pixel) => depth(u, v, pixel) + by };
}

/** The rim of a shape, from its border to `thickness` inside it. */
export function rim(shape: Shape, thickness: number): Shape {
  const { depth } = shape;
  return {
    ...shape,
    depth: (u, v, pixel) => {
      const inside = depth(u, v, pixel);
      return Math.min(inside, thickness - inside);
    },
  };
}

/** A shape that covers no point. */
export const nothing: Shape = { u: 0, v: 0, reach: 0, depth: () => -1 };

/** What any of the shapes covers. */
export function union(first: Shape, ...others: readonly Shape[]): Shape {
  return others.reduce((a, b) => {
    const [du, dv] = [(b.u - a.u) / 2, (b.v - a.v) / 2];
    const reach = Math.sqrt(du * du + dv * dv) + Math.max(a.reach, b.reach);
    return { u: a.u + du, v: a.v + dv, reach, depth: (u, v, pixel) => Math.max(a.depth(u, v, pixel), b.depth(u, v, pixel)) };
  }, first);
}

/** What a shape and another both cover. */
export function within(shape: Shape, outer: Shape): Shape {
  return { ...shape, depth: (u, v, pixel) => Math.min(shape.depth(u, v, pixel), outer.depth(u, v, pixel)) };
}

/** A shape less another. */
export function without(shape: Shape, hole: Shape): Shape {
  return { ...shape, depth: (u, v, pixel) => Math.min(shape.depth(u, v, pixel), -hole.depth(u, v, pixel)) };
}

/** A shape and its mirror image across the midline u = 0. */
export function pair(shape: Shape): readonly [Shape, Shape] {
  const { depth } = shape;
  return [shape, { ...shape, u: -shape.u, depth: (u, v, pixel) => depth(-u, v, pixel) }];
}
