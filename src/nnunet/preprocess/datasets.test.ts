import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { rebuiltCase } from "../../../test/support/nnunet-datasets.ts";
import { describeCases, readCase, sharedJson, sharedPath } from "../../../test/support/shared-data.ts";
import { type LabelTable, labelRulesOf } from "../labels.ts";
import { readPlans } from "../plan/read-plans.ts";
import { preprocess, preprocessSettingsOf, trainingLocations } from "./index.ts";

interface ExpectedCase {
  readonly shape: readonly [number, number, number];
  readonly stride: number;
  readonly seg_stride: number;
  readonly crop_origin: readonly [number, number];
  readonly stats: readonly { readonly mean: number; readonly std: number; readonly min: number; readonly max: number }[];
  readonly seg_sha256: string;
  readonly bbox: readonly (readonly [number, number])[];
  readonly shape_before_cropping: readonly [number, number, number];
  /** By label, or labels in brackets: how many locations of how many pixels. */
  readonly class_locations_drawn_of: Readonly<Record<string, readonly [number, number]>>;
}

interface Settings {
  readonly dataset: string;
  readonly cases: Readonly<Record<string, ExpectedCase>>;
}

describeCases<Settings>("parity/nnunet", /^preprocess_\d+\.safetensors$/, "data sets preprocessed as by nnU-Net", (files) => {
  const cases = files.flatMap(({ file, settings }) => Object.keys(settings.cases).map((name) => [file, name, settings] as const));

  test.each(cases)("%s, %s", async (file, name, { dataset, cases: all }) => {
    const expected = all[name]!;
    const { tensors } = await readCase(`parity/nnunet/${file}`);
    const raw = await rebuiltCase(dataset, name);

    const settings = preprocessSettingsOf(await readPlans(sharedPath("parity/nnunet/datasets", dataset, "nnUNetPlans.json")));
    const spacing = raw.spacing ?? settings.spacing;
    const found = preprocess({ image: raw, spacing, labels: raw.labels.data }, settings);
    const { channels, height, width, properties } = found;
    const [, [y0, y1], [x0, x1]] = expected.bbox as [unknown, [number, number], [number, number]];
    expect([channels, height, width]).toEqual(expected.shape);
    expect(properties.box).toEqual({ x0, y0, x1, y1 });
    expect([1, properties.sizeBeforeCrop.height, properties.sizeBeforeCrop.width]).toEqual(expected.shape_before_cropping);

    // Seen: 1.2e-7, and 3e-7 of the resampled ones.
    const isResampled = settings.spacing.some((value, axis) => value !== spacing[axis]);
    const tolerance = settings.channels.every(({ scheme }) => scheme === "NoNormalization") ? 0 : isResampled ? 1e-5 : 2e-6;
    const { stride, seg_stride, crop_origin } = expected;
    expectClose(strided(found, stride), tensors.get(`${name}/strided`)!.data as Float32Array, tolerance, "strided");
    const crop = tensors.get(`${name}/crop`)!;
    expectClose(cropped(found, crop_origin, crop.shape as number[]), crop.data as Float32Array, tolerance, "crop");
    for (const [c, { mean, std, min, max }] of expected.stats.entries()) {
      const statistics = statisticsOf(found.data.subarray(c * height * width, (c + 1) * height * width));
      expectClose(statistics, [mean, std, min, max], Math.max(tolerance, 1e-9 * mean), "mean, standard deviation, minimum, maximum");
    }

    const labels = { channels: 1, height, width, data: Float32Array.from(found.labels) };
    expect(strided(labels, seg_stride)).toEqual(Float32Array.from(tensors.get(`${name}/seg_strided`)!.data as Int32Array));
    expect(sha256(Int8Array.from(found.labels))).toBe(expected.seg_sha256);

    const rules = labelRulesOf(sharedJson<LabelTable>("parity/nnunet/datasets", dataset, "dataset.json"));
    const { classLocations, annotated } = trainingLocations(found.labels, rules, { seed: 1, name });
    const drawn = Object.entries(expected.class_locations_drawn_of);
    expect([...classLocations, ...(annotated ? [annotated] : [])].map(({ length }) => length)).toEqual(drawn.map(([, [count]]) => count));
    for (const [i, [, [, pixels]]] of drawn.entries()) {
      const members = i < rules.foreground.length ? [rules.foreground[i]!] : [-1, ...rules.values];
      expect(found.labels.filter((label) => members.includes(label)).length).toBe(pixels);
    }
  });
});

const sha256 = (bytes: Uint8Array | Int8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Volume {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

const strided = ({ channels, height, width, data }: Volume, stride: number): Float32Array =>
  picked(channels, range(0, height, stride), range(0, width, stride), (c, y, x) => data[(c * height + y) * width + x]!);

const cropped = ({ channels, height, width, data }: Volume, [y0, x0]: readonly [number, number], [, h, w]: number[]): Float32Array =>
  picked(channels, range(y0, y0 + h!, 1), range(x0, x0 + w!, 1), (c, y, x) => data[(c * height + y) * width + x]!);

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

function picked(channels: number, rows: number[], columns: number[], at: (c: number, y: number, x: number) => number): Float32Array {
  return Float32Array.from(Array.from({ length: channels }, (_, c) => rows.flatMap((y) => columns.map((x) => at(c, y, x)))).flat());
}

function statisticsOf(plane: Float32Array): [mean: number, std: number, min: number, max: number] {
  const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
  const variance = plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length;
  return [mean, Math.sqrt(variance), Math.min(...sorted(plane)), Math.max(...sorted(plane))];
}

const sorted = (plane: Float32Array): [number, number] => [
  plane.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  plane.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
];
