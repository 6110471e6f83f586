import type { Draws } from "./_draws.ts";
import { capsule, type Shape } from "./_shapes.ts";

/** Vessels of one lung: trees that leave its root for the chest wall, and those that a slice meets end on. */
export function vesselsOf(side: 1 | -1, half: { readonly a: number; readonly b: number }, width: number, draws: Draws): readonly Shape[] {
  const vessels: Shape[] = [];
  const grow = (u: number, v: number, angle: number, radius: number): void => {
    if (radius < 0.0035 || vessels.length > 60) return;
    const length = draws.between(5, 12) * radius + 0.03;
    const turned = angle + draws.between(-0.35, 0.35);
    const [u1, v1] = [u + length * Math.cos(turned), v + length * Math.sin(turned)];
    vessels.push(capsule(u, v, u1, v1, radius, 0.75 * radius));
    grow(u1, v1, turned + draws.between(-0.1, 0.5), radius * draws.between(0.6, 0.8));
    if (draws.chance(0.75)) grow(u1, v1, turned - draws.between(0.3, 0.9), radius * draws.between(0.5, 0.75));
  };
  const trees = draws.integer(2, 4);
  for (let tree = 0; tree < trees; tree++) {
    const angle = draws.between(-1.2, 1.2);
    const forward = side === 1 ? angle : Math.PI - angle;
    grow(side * draws.between(0.17, 0.24), draws.between(0, 0.12), forward, width * draws.between(0.6, 1.1));
  }
  for (let i = 0; i < 26; i++) {
    const [u, v] = [side * half.a * draws.between(0.2, 0.98), half.b * draws.between(-0.95, 0.95)];
    const [du, dv] = [draws.between(-0.02, 0.02), draws.between(-0.02, 0.02)];
    const radius = width * draws.between(0.15, 0.45) * (1.2 - Math.abs(u) / half.a);
    vessels.push(capsule(u, v, u + du, v + dv, Math.max(0.003, radius)));
  }
  return vessels;
}
