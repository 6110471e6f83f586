import { expect, test } from "vitest";
import { still } from "../../test/support/augment.ts";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { brightness, contrast, gamma, gaussianBlur, lowResolution, type SpatialParameters, spatial } from "./index.ts";

const file = "parity/nnunet/augment.safetensors";

interface Settings {
  readonly parameters: Readonly<Record<string, { angle_radians: number | null; scale: number | null; patch: [number, number] }>>;
}

const unmoved: SpatialParameters = { ...still, labelBorder: -1 };

// Arrays of batchgeneratorsv2 0.3.6 (nnU-Net 2.8.1) and, under "fork/", of batchgenerators 0.25.5 (nnU-Net 2.1.1).
describeWith([file], "transforms give nnU-Net's arrays", async () => {
  const { tensors, settings } = await readCase<Settings>(file);
  const names = (prefix: string) => [...tensors.keys()].filter((name) => name.startsWith(prefix));
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const image = { channels: 2, height: 48, width: 56, data: data("image") };
  const label = { height: 48, width: 56, data: Int16Array.from(data("seg")) };
  const last = (name: string) => Number.parseFloat(name.split("/").at(-1)!);

  // Seen: 1.5e-6. The two cases of the older library with gamma 0.7 are left out: it drew an exponent between 0.7 and 1 for each channel.
  test.each([...names("gamma/"), ...names("fork/gamma/1.5")])("%s", (name) => {
    const { data: found } = gamma(image, { gamma: [last(name)], inverted: name.endsWith("inverted") });
    expectClose(found, data(name), 5e-6);
  });

  test.each(names("contrast/"))("%s", (name) => expectClose(contrast(image, { factor: [last(name)] }).data, data(name), 5e-6));

  test.each(names("brightness/"))("%s", (name) => expectClose(brightness(image, { factor: [last(name)] }).data, data(name), 5e-6));

  test.each(names("blur/"))("%s", (name) => expectClose(gaussianBlur(image, { sigma: [[last(name), last(name)]] }).data, data(name), 5e-6));

  test.each(names("fork/blur/"))("%s", (name) => {
    expectClose(gaussianBlur(image, { sigma: [[last(name), last(name)]], as: "scipy" }).data, data(name), 5e-6);
  });

  test.each(names("low_resolution/"))("%s", (name) => expectClose(lowResolution(image, { zoom: [last(name)] }).data, data(name), 5e-6));

  test.each(names("fork/low_resolution/"))("%s", (name) => {
    expectClose(lowResolution(image, { zoom: [last(name)], up: "cubic" }).data, data(name), 5e-6);
  });

  test.each(names("mirror/"))("%s", (name) => {
    const axes = name.slice("mirror/".length);
    const mirror = { horizontal: axes.includes("1"), vertical: axes.includes("0") };
    expect(spatial({ image }, { ...unmoved, mirror }).image.data).toEqual(data(name));
  });

  // Seen: 1.1e-5, as the library's grid is in float32; the older one, in float64: 0.
  test.each([...names("spatial/"), ...names("fork/spatial/")].filter((name) => name.endsWith("/image")))("%s", (name) => {
    const fork = name.startsWith("fork/");
    const { angle_radians, scale, patch } = settings.parameters[name.slice(fork ? 5 : 0, -"/image".length)]!;
    const parameters: SpatialParameters = {
      ...unmoved,
      angle: (fork ? -1 : 1) * (angle_radians ?? 0),
      scale: scale ?? 1,
      interpolation: fork ? "cubic" : "linear",
    };
    const found = spatial({ image, labels: [label] }, parameters, { height: patch[0], width: patch[1] });
    expectClose(found.image.data, data(name), fork ? 1e-6 : 5e-5);
    expect(Array.from(found.labels[0]!.data)).toEqual(Array.from(data(name.replace(/image$/, "seg"))));
  });
});
