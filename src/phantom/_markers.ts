/** A letter in 3 x 5 dots: five rows of three bits, as octal digits from top to bottom. */
const font: Readonly<Record<string, string>> = {
  ...{ A: "25755", B: "65656", C: "34443", D: "65556", E: "74647", G: "34553", H: "55755", I: "72227", L: "44447", M: "57755", N: "65555" },
  ...{
    O: "25552",
    P: "65644",
    R: "65655",
    S: "34216",
    T: "72222",
    U: "55557",
    V: "55552",
    X: "55255",
    Y: "55222",
    ".": "00002",
    "+": "02720",
  },
  ...{
    "0": "75557",
    "1": "26227",
    "2": "71747",
    "3": "71317",
    "4": "55711",
    "5": "74717",
    "6": "74757",
    "7": "71122",
    "8": "75757",
    "9": "75717",
  },
};

/** Burns a line of text into a picture, as scanners and technicians do. Letters without a glyph are blank; what leaves the picture is cut. */
export function burnText(
  picture: Uint8Array,
  size: number,
  text: string,
  at: { readonly x: number; readonly y: number; readonly dot: number; readonly level: number },
): void {
  for (const [i, letter] of [...text].entries()) {
    for (const [row, digit] of [...(font[letter] ?? "00000")].entries()) {
      for (let column = 0; column < 3; column++) {
        if (!(Number(digit) & (4 >> column))) continue;
        fillSquare(picture, size, at.x + (i * 4 + column) * at.dot, at.y + row * at.dot, at);
      }
    }
  }
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
