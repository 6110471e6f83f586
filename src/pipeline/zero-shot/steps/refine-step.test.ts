import { afterAll, beforeAll, expect, test } from "vitest";
import { nanoSam } from "../../../../test/support/models.ts";
import type { Image } from "../../../image/index.ts";
import { maskPromptLogits, squareSizesOf, targetGrid } from "../../../segment/index.ts";
import { loadSam, type SamOfFiles } from "../../models/model.ts";
import { CommonSettings } from "../../settings.ts";
import { RefineSettings } from "../settings/refine.ts";
import { RefineStep } from "./refine-step.ts";

const image: Image = { width: 48, height: 40, data: Uint8Array.from({ length: 5760 }, (_, i) => (i * i) % 251) };
const squares = (...places: readonly (readonly [x: number, y: number])[]) => ({
  width: 48,
  height: 40,
  data: Uint8Array.from({ length: 48 * 40 }, (_, i) =>
    places.some(([x, y]) => i % 48 >= x && i % 48 < x + 12 && Math.floor(i / 48) >= y && Math.floor(i / 48) < y + 12) ? 1 : 0,
  ),
});

let model: SamOfFiles;
beforeAll(async () => {
  model = await loadSam(await nanoSam(), {});
});
afterAll(() => model.sam.dispose());

test("with a box per component each goes with its own component as mask prompt, else with the whole coarse mask", async () => {
  const { sam } = model;
  const [left, right] = [squares([4, 4]), squares([30, 20])];
  const both = squares([4, 4], [30, 20]);
  const embedding = await sam.setImage(image);
  const settings = (given: object) => ({ ...CommonSettings.parse({}), ...RefineSettings.parse({ maskPrompt: true, ...given }) });
  const logitsWith = async (given: object) =>
    (await new RefineStep(model, settings(given)).run(image, [{ coarse: both, isAbsent: false }], "a", {}))[0]!.logits;
  const expected = async (box: readonly [number, number, number, number], coarse: typeof both) => {
    const [x0, y0, x1, y1] = box;
    const { cells } = targetGrid(coarse, squareSizesOf(sam.config))!;
    const [prediction] = await sam.predict({ boxes: [{ x0, y0, x1, y1 }], mask: maskPromptLogits(cells) }, { embedding });
    return prediction!.logitsOf(0);
  };
  const each = await logitsWith({ perComponent: true });
  expect(each).toEqual([await expected([4, 4, 16, 16], left), await expected([30, 20, 42, 32], right)]);
  expect(each[0]).not.toEqual(await expected([4, 4, 16, 16], both));
  expect(await logitsWith({})).toEqual([await expected([4, 4, 42, 32], both)]);
});

test("further points on the first mask go with the box into a second prediction", async () => {
  const { sam } = model;
  const coarse = squares([4, 4]);
  const embedding = await sam.setImage(image);
  const settings = { ...CommonSettings.parse({}), ...RefineSettings.parse({ augmentPoints: "distance", augmentCount: 2 }) };
  const [found] = await new RefineStep(model, settings).run(image, [{ coarse, isAbsent: false }], "a", {});
  const [box] = found!.boxes;
  const [first] = await sam.predict({ boxes: [box!] }, { embedding });
  const mask = first!.mask();
  expect(found!.points).toHaveLength(2);
  for (const { x, y, label } of found!.points) expect([mask.data[y * 48 + x], label]).toEqual([1, 1]);
  const [second] = await sam.predict({ boxes: [box!], points: found!.points }, { embedding });
  expect(found!.logits).toEqual([second!.logitsOf(0)]);
  expect(found!.scores).toEqual(second!.scores.subarray(0, 1));
});

test("best: the candidate mask of the highest score, with its logits and score alone", async () => {
  const { sam } = model;
  const embedding = await sam.setImage(image);
  const settings = { ...CommonSettings.parse({}), ...RefineSettings.parse({ multimask: "best" }) };
  const [found] = await new RefineStep(model, settings).run(image, [{ coarse: squares([4, 4]), isAbsent: false }], "a", {});
  const [prediction] = await sam.predict({ boxes: found!.boxes }, { embedding });
  const scores = [...prediction!.scores.subarray(1)];
  expect(prediction!.best).toBe(1 + scores.indexOf(Math.max(...scores)));
  expect([...found!.scores]).toEqual([Math.max(...scores)]);
  expect(found!.logits).toEqual([prediction!.logitsOf(prediction!.best)]);
});
