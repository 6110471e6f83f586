/** A letter in 3 x 5 dots: five rows of three bits, as octal digits from top to bottom. */
const font: Readonly<Record<string, string>> = {
  ...{ A: "25755", B: "65656", C: "34443", D: "65556", E: "74647", F: "74644", G: "34553", H: "55755", I: "72227", J: "11152" },
  ...{ K: "55655", L: "44447", M: "57755", N: "65555", O: "25552", P: "65644", Q: "25563", R: "65655", S: "34216", T: "72222" },
  ...{ U: "55557", V: "55552", W: "55775", X: "55255", Y: "55222", Z: "71247", ".": "00002", "+": "02720", "-": "00700" },
  ...Object.fromEntries(["75557", "26227", "71747", "71317", "55711", "74717", "74757", "71122", "75757", "75717"].entries()),
};

/** Columns from a letter to the next. */
export const lettersApart = 4;
/** Rows of a letter. */
export const letterRows = 5;

/** A dot of a line of text, counted from its top left corner. */
export interface Dot {
  readonly column: number;
  readonly row: number;
}

/** A line of text as the dots of capital letters, three wide and five high. What has no glyph is blank. */
export function textDots(text: string): Dot[] {
  return [...text.toUpperCase()].flatMap((letter, i) =>
    [...(font[letter] ?? "")].flatMap((digit, row) =>
      [0, 1, 2].filter((bit) => Number(digit) & (4 >> bit)).map((bit) => ({ column: i * lettersApart + bit, row })),
    ),
  );
}
