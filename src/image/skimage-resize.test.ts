import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { skimageCubic, skimageLabels, skimageLinear } from "./index.ts";

test("a ramp stays a ramp between the outermost pixels, which repeat beyond", () => {
  const ramp = { width: 4, height: 1, data: Float32Array.of(0, 1, 2, 3) };
  const doubled = [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3];
  expect(Array.from(skimageLinear(ramp, { width: 8, height: 1 }).data)).toEqual(doubled);
  expectClose(skimageCubic(ramp, { width: 8, height: 1 }).data.subarray(3, 5), doubled.slice(3, 5), 0.02);
});

test("a plane of the same size stays as it is", () => {
  const plane = { width: 3, height: 2, data: Float32Array.of(5, -1, 2, 8, 0, 3) };
  expectClose(skimageCubic(plane, plane).data, plane.data, 1e-6);
  expect(skimageLinear(plane, plane).data).toEqual(plane.data);
});

test("the spline does not leave the range of the plane", () => {
  const step = { width: 6, height: 1, data: Float32Array.of(0, 0, 0, 1, 1, 1) };
  const { data } = skimageCubic(step, { width: 31, height: 1 });
  expect(Math.min(...data)).toBe(0);
  expect(Math.max(...data)).toBe(1);
});

test("between three labels the largest indicator wins, or any of at least a half", () => {
  // At the middle of the four pixels label 2 has the weight 0.5, 5 and 7 have 0.25 each.
  const labels = { width: 2, height: 2, data: Int16Array.of(2, 5, 7, 2) };
  expect(Array.from(skimageLabels(labels, { width: 1, height: 1 }).data)).toEqual([2]);
  expect(Array.from(skimageLabels(labels, { width: 1, height: 1 }, "half").data)).toEqual([2]);
  const four = { width: 2, height: 2, data: Int16Array.of(3, 5, 7, 2) };
  expect(Array.from(skimageLabels(four, { width: 1, height: 1 }).data)).toEqual([2]); // all tie; the nearest pixel is the last
  expect(Array.from(skimageLabels(four, { width: 1, height: 1 }, "half").data)).toEqual([0]);
});

const file = "parity/nnunet/primitives.safetensors";

describeWith([file], "resizing gives the arrays of skimage and batchgenerators", async () => {
  const { tensors } = await readCase(file);
  const cases = [...tensors.keys()].filter((name) => name.endsWith("/input")).map((name) => name.slice(0, -"/input".length));
  const plane = (name: string) => {
    const { shape, data } = tensors.get(name)!;
    return { height: shape[0]!, width: shape[1]!, data: data as Float32Array };
  };
  const labels = (name: string) => ({ ...plane(name), data: Int16Array.from(tensors.get(name)!.data as Int32Array) });

  // Seen: 6e-8.
  test.each(cases)("%s, orders 3 and 1", (name) => {
    const [order3, order1] = [plane(`${name}/order3`), plane(`${name}/order1`)];
    expectClose(skimageCubic(plane(`${name}/input`), order3).data, order3.data, 1e-6);
    expectClose(skimageLinear(plane(`${name}/input`), order1).data, order1.data, 1e-6);
  });

  test.each(cases)("%s, labels by both rules", (name) => {
    const [largest, half] = [labels(`${name}/labels_out`), labels(`${name}/labels_out_half_rule`)];
    expect(skimageLabels(labels(`${name}/labels`), largest).data).toEqual(largest.data);
    expect(skimageLabels(labels(`${name}/labels`), half, "half").data).toEqual(half.data);
  });
});
