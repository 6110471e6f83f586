import { textDots } from "../image/index.ts";

/** Burns a line of text into a picture, as scanners and technicians do. Letters without a glyph are blank; what leaves the picture is cut. */
export function burnText(
  picture: Uint8Array,
  size: number,
  text: string,
  at: { readonly x: number; readonly y: number; readonly dot: number; readonly level: number },
): void {
  for (const { column, row } of textDots(text)) fillSquare(picture, size, at.x + column * at.dot, at.y + row * at.dot, at);
}

function fillSquare(picture: Uint8Array, size: number, left: number, top: number, { dot, level }: { dot: number; level: number }): void {
  for (let y = Math.round(top); y < Math.round(top + dot); y++) {
    for (let x = Math.round(left); x < Math.round(left + dot); x++) {
      if (x >= 0 && y >= 0 && x < size && y < size) picture[y * size + x] = level;
    }
  }
}

/** Lightens a thin smooth curve through three points (a cable); `strength` in gray levels. */
export function burnCurve(
  picture: Uint8Array,
  size: number,
  [a, b, c]: readonly [readonly [number, number], readonly [number, number], readonly [number, number]],
  strength: number,
): void {
  const steps = 3 * size;
  let last = -1;
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
    const x = Math.round(p * a[0] + q * b[0] + r * c[0]);
    const y = Math.round(p * a[1] + q * b[1] + r * c[1]);
    const at = y * size + x;
    if (x < 0 || y < 0 || x >= size || y >= size || at === last) continue;
    picture[at] = Math.min(255, picture[at]! + strength);
    last = at;
  }
}
