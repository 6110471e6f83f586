import { describe, expect, test } from "vitest";
import { uniform } from "../../tensor/random.ts";
import { annotate, drawAnnotations, drawFrame, frame, type Planes } from "../index.ts";

const blank = (height: number, width: number, channels = 1): Planes => ({
  channels,
  height,
  width,
  data: new Float32Array(channels * height * width).fill(50),
});
/** One row a text: `#` where a value was changed. */
const drawn = ({ data, width }: Planes, level: number) =>
  Array.from({ length: data.length / width }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (value) => (value === level ? "#" : ".")).join(""),
  );
const seeds = Array.from({ length: 1000 }, (_, seed) => seed);

describe("frame", () => {
  test("margins are fractions of the sides", () => {
    const found = frame(blank(5, 10), { margins: [0.2, 0.1, 0.4, 0.3], radius: 0, level: 9 });
    expect(drawn(found, 9)).toEqual(["##########", "###......#", "###......#", "##########", "##########"]);
  });

  test("corners are round", () => {
    const found = frame(blank(8, 8), { margins: [0, 0, 0, 0], radius: 0.5, level: 0 });
    expect(drawn(found, 0)).toEqual(["##....##", "#......#", "........", "........", "........", "........", "#......#", "##....##"]);
  });

  test("without margins nothing changes", () => {
    const image = blank(4, 4, 3);
    expect(frame(image, { margins: [0, 0, 0, 0], radius: 0, level: 0 })).toEqual(image);
  });

  test("draws", () => {
    const all = seeds.map((seed) => drawFrame(uniform("frame", seed), { margin: [0.01, 0.1], radius: [0.1, 0.3], level: [0, 128] }));
    const margins = all.flatMap((parameters) => parameters.margins);
    expect(margins.filter((margin) => margin > 0).length / margins.length).toBeCloseTo(0.5, 1);
    for (const margin of margins) expect(margin === 0 || (margin >= 0.01 && margin < 0.1)).toBe(true);
    for (const { radius, level } of all) expect((radius === 0 || radius >= 0.1) && radius < 0.3 && level >= 0 && level < 128).toBe(true);
    expect(all.filter(({ level }) => level === 0).length / all.length).toBeCloseTo(0.5, 1);
  });
});

describe("annotations", () => {
  test("a text in dots, in all channels, cut at the edge", () => {
    const text = { kind: "text", text: "T1", x: 0.1, y: 0 } as const;
    const found = annotate(blank(5, 6, 2), { annotations: [text], dot: 0, level: 255 });
    const rows = [".###..", "..#..#", "..#...", "..#...", "..#..#"];
    expect(drawn(found, 255)).toEqual([...rows, ...rows]);
  });

  test("a ruler with ticks inwards, and calipers", () => {
    const ruler = { kind: "ruler", x: 0, top: 0, bottom: 0.9, ticks: 2 } as const;
    expect(drawn(annotate(blank(6, 6), { annotations: [ruler], dot: 0, level: 1 }), 1)).toEqual([
      "#####.",
      "#.....",
      "#.....",
      "###...",
      "#.....",
      "###...",
    ]);
    const calipers = { kind: "calipers", x0: 0.2, y0: 0.5, x1: 0.8, y1: 0.5 } as const;
    expect(drawn(annotate(blank(5, 20), { annotations: [calipers], dot: 0, level: 1 }), 1)).toEqual([
      "....................",
      "....#...........#...",
      "....#...........#...",
      "..#####.#...#.#####.",
      "....#...........#...",
    ]);
  });

  test("draws stay in the image, name no side and are of all kinds", () => {
    const all = seeds.map((seed) => drawAnnotations(uniform("annotations", seed), { most: 3, dot: [0.003, 0.008], level: [160, 255] }));
    const annotations = all.flatMap((parameters) => parameters.annotations);
    expect(new Set(all.map((parameters) => parameters.annotations.length))).toEqual(new Set([1, 2, 3]));
    expect(new Set(annotations.map(({ kind }) => kind))).toEqual(new Set(["text", "ruler", "calipers"]));
    for (const annotation of annotations) {
      for (const [name, value] of Object.entries(annotation)) {
        if (typeof value === "number" && name !== "ticks") expect(value >= 0 && value < 1).toBe(true);
      }
      if (annotation.kind === "text") expect(annotation.text).toMatch(/^(?!.*\b(?:L|R|LEFT|RIGHT)\b)[A-Z0-9. ]+$/);
    }
    for (const { dot, level } of all) expect(dot >= 0.003 && dot < 0.008 && level >= 160 && level < 255).toBe(true);
  });
});
