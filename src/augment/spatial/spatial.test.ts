import { describe, expect, test } from "vitest";
import { still } from "../../../test/support/augment.ts";
import { expectClose } from "../../../test/support/close.ts";
import { normal, uniform } from "../../tensor/random.ts";
import { drawSpatial, type NamedMask, type Planes, type SpatialParameters, type SpatialRanges, spatial } from "../index.ts";

const image: Planes = { channels: 2, height: 20, width: 30, data: normal("spatial", 1, 1200) };
const mask: NamedMask = {
  name: "left_lung",
  width: 30,
  height: 20,
  data: Uint8Array.from(image.data.subarray(0, 600), (v) => Number(v > 0)),
};
const labels = { width: 30, height: 20, data: Int16Array.from(image.data.subarray(600), (v) => Math.round(2 * v)) };
const sample = { image, masks: [mask], labels: [labels] };
const plane = (height: number, width: number, ...values: number[]): Planes => ({
  channels: 1,
  height,
  width,
  data: Float32Array.from(values),
});

/** A square of `side` pixels around a centre, as an image of level 200, as a mask and as label 3. */
function square(size: number, centre: { x: number; y: number }, side: number) {
  const data = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) data[y * size + x] = Number(Math.max(Math.abs(x - centre.x), Math.abs(y - centre.y)) <= side / 2);
  }
  return {
    image: { channels: 1, height: size, width: size, data: Float32Array.from(data, (value) => 200 * value) },
    masks: [{ height: size, width: size, data }],
    labels: [{ height: size, width: size, data: Int16Array.from(data, (value) => 3 * value) }],
  };
}

/** Mean position by weight, and the sum of weights. */
function centroid(data: ArrayLike<number>, width: number) {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    x += data[i]! * (i % width);
    y += data[i]! * Math.floor(i / width);
  }
  return { x: x / sum, y: y / sum, sum };
}

describe("parameters that change nothing give the same bytes", () => {
  test.each(["linear", "cubic"] as const)("%s", (interpolation) => {
    expect(spatial(sample, { ...still, interpolation })).toEqual(sample);
    expect(spatial(sample, { ...still, interpolation, border: "edge" })).toEqual(sample);
  });
});

test("mirroring exchanges columns or rows", () => {
  const small = plane(2, 3, 1, 2, 3, 4, 5, 6);
  const mirrored = (horizontal: boolean, vertical: boolean) => [
    ...spatial({ image: small }, { ...still, mirror: { horizontal, vertical } }).image.data,
  ];
  expect(mirrored(true, false)).toEqual([3, 2, 1, 6, 5, 4]);
  expect(mirrored(false, true)).toEqual([4, 5, 6, 1, 2, 3]);
  const mirror = { horizontal: true, vertical: true };
  expect(spatial(spatial(sample, { ...still, mirror }), { ...still, mirror })).toEqual(sample);
});

test("a quarter turn is clockwise", () => {
  const { data } = spatial({ image: plane(2, 2, 1, 2, 3, 4) }, { ...still, angle: Math.PI / 2 }).image;
  expectClose(data, [3, 1, 4, 2], 1e-6);
});

test("a shift of half a pixel is the mean of neighbours, the border beyond", () => {
  const row = { image: plane(1, 4, 10, 20, 30, 40) };
  const moved = (border: SpatialParameters["border"]) => [...spatial(row, { ...still, shift: [0, 1 / 8], border }).image.data];
  expect(moved(0)).toEqual([15, 25, 35, 20]);
  expect(moved(100)).toEqual([15, 25, 35, 70]);
  expect(moved("edge")).toEqual([15, 25, 35, 40]);
});

test("a result of another size shows the middle", () => {
  const found = spatial({ image: plane(1, 6, 1, 2, 3, 4, 5, 6) }, still, { width: 4, height: 1 }).image;
  expect([found.width, found.height, ...found.data]).toEqual([4, 1, 2, 3, 4, 5]);
});

test("a cubic spline passes through a straight line", () => {
  const ramp = plane(1, 40, ...Array.from({ length: 40 }, (_, x) => 3 * x));
  const { data } = spatial({ image: ramp }, { ...still, interpolation: "cubic", shift: [0, 0.25 / 40] }).image;
  expectClose(
    data.subarray(12, 28),
    Array.from({ length: 16 }, (_, k) => 3 * (k + 12.25)),
    1e-4,
  );
});

test("labels are never mixed; the smaller of equal ones wins", () => {
  const map = { width: 4, height: 1, data: Int16Array.of(5, 5, 1, 9) };
  const found = spatial({ image: plane(1, 4, 0, 0, 0, 0), labels: [map] }, { ...still, shift: [0, 1 / 8], labelBorder: -1 });
  expect([...found.labels![0]!.data]).toEqual([5, 1, 1, -1]);
});

test("a mask is 1 where more than half of the weight is", () => {
  const row = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 1) };
  const moved = (pixels: number) =>
    [...spatial({ image: plane(1, 4, 0, 0, 0, 0), masks: [row] }, { ...still, shift: [0, pixels / 4] }).masks![0]!.data].join("");
  expect(moved(0.4)).toBe("1101");
  expect(moved(0.5)).toBe("1000");
  expect(moved(0.6)).toBe("1010");
});

describe("image, mask and labels move together", () => {
  const size = 64;
  const given = square(size, { x: 40, y: 26 }, 12);
  const middle = (size - 1) / 2;
  test.each<[string, Partial<SpatialParameters>, { x: number; y: number; area: number }]>([
    ["shift", { shift: [0.125, -0.0625] }, { x: 44, y: 18, area: 1 }],
    ["scale", { scale: 0.83 }, { x: middle + (40 - middle) / 0.83, y: middle + (26 - middle) / 0.83, area: 0.83 ** -2 }],
    ["turn by 90 degrees", { angle: Math.PI / 2 }, { x: middle - (26 - middle), y: middle + (40 - middle), area: 1 }],
    ["mirror", { mirror: { horizontal: true, vertical: false } }, { x: 63 - 40, y: 26, area: 1 }],
    [
      "turn by 30 degrees, cubic",
      { angle: Math.PI / 6, interpolation: "cubic" },
      {
        x: middle + (40 - middle) * Math.cos(Math.PI / 6) - (26 - middle) * 0.5,
        y: middle + (40 - middle) * 0.5 + (26 - middle) * Math.cos(Math.PI / 6),
        area: 1,
      },
    ],
  ])("%s", (_, parameters, expected) => {
    const before = centroid(given.masks[0]!.data, size).sum;
    const { image, masks, labels } = spatial(given, { ...still, ...parameters });
    for (const [data, level] of [
      [image.data, 200],
      [masks[0]!.data, 1],
      [labels[0]!.data, 3],
    ] as const) {
      const found = centroid(data, size);
      expect(Math.hypot(found.x - expected.x, found.y - expected.y)).toBeLessThan(0.3); // a mask's edge is cut at pixels
      expect(Math.abs(found.sum / level / (before * expected.area) - 1)).toBeLessThan(0.1);
    }
  });

  test("elastic deformation", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { image, masks, labels } = spatial(given, { ...still, elastic: { amplitude: 0.05, cells: 3, seed } });
      const [a, b, c] = [image.data, masks[0]!.data, labels[0]!.data].map((data) => centroid(data, size));
      expect(Math.hypot(a!.x - b!.x, a!.y - b!.y)).toBeLessThan(0.3);
      expect([b!.x, b!.y, 3 * b!.sum]).toEqual([c!.x, c!.y, c!.sum]);
      expect(Math.hypot(b!.x - 40, b!.y - 26)).toBeGreaterThan(0);
    }
  });
});

test("an elastic displacement has the standard deviation of its amplitude", () => {
  const size = 100;
  const ramp = { channels: 1, height: size, width: size, data: Float32Array.from({ length: size * size }, (_, i) => i % size) };
  let [sum, count] = [0, 0];
  for (let seed = 0; seed < 200; seed++) {
    const { data } = spatial({ image: ramp }, { ...still, border: "edge", elastic: { amplitude: 0.03, cells: 3, seed } }).image;
    for (let y = 20; y < 80; y += 10) {
      for (let x = 20; x < 80; x += 10, count++) sum += (data[y * size + x]! - x) ** 2;
    }
  }
  expect(Math.sqrt(sum / count)).toBeCloseTo(3, 0);
});

test("the input stays as it is", () => {
  const before = structuredClone(sample);
  spatial(sample, { ...still, angle: 1, elastic: { amplitude: 0.1, cells: 3, seed: 1 } });
  expect(sample).toEqual(before);
});

test("masks of another size are refused", () => {
  expect(() => spatial({ image, masks: [{ width: 2, height: 1, data: Uint8Array.of(0, 1) }] }, still)).toThrow(
    "spatial: masks and labels must be of the image's size, 30 x 20, got 2 x 1",
  );
});

describe("draws over many seeds", () => {
  const ranges: SpatialRanges = {
    rotation: { probability: 0.2, degrees: [-180, 180] },
    scale: { probability: 0.2, factor: [0.7, 1.4] },
    shift: { probability: 0.5, fraction: [-0.1, 0.1] },
    elastic: { probability: 0.3, amplitude: [0, 0.02], cells: 3 },
    mirror: { horizontal: 0.5, vertical: 0 },
    interpolation: "linear",
    border: "edge",
    labelBorder: -1,
  };
  const drawn = Array.from({ length: 4000 }, (_, seed) => drawSpatial(uniform("draws", seed), ranges));
  const share = (holds: (parameters: SpatialParameters) => boolean) => drawn.filter(holds).length / drawn.length;

  test("parts have their probabilities", () => {
    expect(share(({ angle }) => angle !== 0)).toBeCloseTo(0.2, 1);
    expect(share(({ scale }) => scale !== 1)).toBeCloseTo(0.2, 1);
    expect(share(({ shift }) => shift[0] !== 0)).toBeCloseTo(0.5, 1);
    expect(share(({ elastic }) => elastic !== null)).toBeCloseTo(0.3, 1);
    expect(share(({ mirror }) => mirror.horizontal)).toBeCloseTo(0.5, 1);
    expect(share(({ mirror }) => mirror.vertical)).toBe(0);
    expect(share(({ angle, scale }) => angle !== 0 && scale !== 1)).toBeCloseTo(0.04, 1); // independent
  });

  test("values fill their ranges", () => {
    const fills = (values: number[], low: number, high: number) => {
      const margin = 0.02 * (high - low);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.min(...values)).toBeLessThan(low + margin);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.max(...values)).toBeGreaterThan(high - margin);
    };
    fills(
      drawn.map(({ angle }) => angle).filter((angle) => angle !== 0),
      -Math.PI,
      Math.PI,
    );
    fills(
      drawn.map(({ scale }) => scale).filter((scale) => scale !== 1),
      0.7,
      1.4,
    );
    fills(
      drawn.flatMap(({ shift }) => shift),
      -0.1,
      0.1,
    );
    fills(
      drawn.flatMap(({ elastic }) => elastic?.amplitude ?? []),
      0,
      0.02,
    );
  });

  test("a part that is left out does not change the others", () => {
    const without = drawSpatial(uniform("draws", 5), { ...ranges, rotation: { probability: 0, degrees: [-180, 180] } });
    expect({ ...without, angle: 0 }).toEqual({ ...drawn[5], angle: 0 });
  });
});
