/**
 * Centroid and area of a flat polygon in space; parts that are gone round the other way count negative, as at a keyhole.
 *
 * @param data - x, y, z of each corner
 */
export function polygonCentroid(data: readonly number[]): { readonly point: number[]; readonly area: number } {
  const corner = (i: number) => data.slice(3 * i, 3 * i + 3);
  const first = corner(0);
  const count = data.length / 3;
  const triangles = Array.from({ length: Math.max(0, count - 2) }, (_, i) => {
    const [a, b] = [corner(i + 1), corner(i + 2)];
    const [u, v] = [a, b].map((p) => p.map((value, axis) => value - first[axis]!)) as [number[], number[]];
    const normal = [u[1]! * v[2]! - u[2]! * v[1]!, u[2]! * v[0]! - u[0]! * v[2]!, u[0]! * v[1]! - u[1]! * v[0]!];
    return { normal, middle: first.map((value, axis) => (value + a[axis]! + b[axis]!) / 3) };
  });
  const sum = [0, 1, 2].map((axis) => triangles.reduce((total, { normal }) => total + normal[axis]!, 0));
  const length = Math.hypot(...sum);
  const unit = sum.map((value) => value / (length || 1));
  const signed = triangles.map(({ normal }) => (normal[0]! * unit[0]! + normal[1]! * unit[1]! + normal[2]! * unit[2]!) / 2);
  const area = signed.reduce((total, value) => total + value, 0);
  const point = [0, 1, 2].map((axis) => triangles.reduce((total, { middle }, i) => total + middle[axis]! * signed[i]!, 0) / (area || 1));
  return { point, area };
}
