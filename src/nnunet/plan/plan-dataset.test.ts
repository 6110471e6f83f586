import { describe, expect, test } from "vitest";
import { describeWith, sharedJson, sharedNames } from "../../../test/support/shared-data.ts";
import { checkedDatasetJson } from "../dataset/dataset-json.ts";
import { fingerprintFromJson, fingerprintJson } from "./fingerprint-json.ts";
import { sizedNetwork } from "./plan-2d.ts";
import { planDataset } from "./plan-dataset.ts";
import { type PlannerName, planners } from "./planners.ts";
import { plansFromJson } from "./plans-from-json.ts";
import { plansJson } from "./plans-json.ts";
import { targetOf } from "./target.ts";
import type { Fingerprint, Triple } from "./types.ts";

type Json = Record<string, unknown> & { configurations: Record<string, unknown> };

const folder = "parity/nnunet/datasets";

describeWith([folder], "plans of nnU-Net's data sets", () => {
  const sets = sharedNames(folder, /^Dataset/);
  const cases = sets.flatMap((set) => (Object.keys(planners).slice(0, 3) as PlannerName[]).map((planner) => [set, planner] as const));

  test.each(cases)("%s by %s are equal to its own, field by field", (datasetName, planner) => {
    const json = checkedDatasetJson(sharedJson(folder, datasetName, "dataset.json"), "dataset.json");
    const fingerprint = fingerprintFromJson(sharedJson(folder, datasetName, "dataset_fingerprint.json"), "dataset_fingerprint.json");
    const plans = planDataset(json, fingerprint, { datasetName, planner });
    const { configurations, ...theirs } = sharedJson<Json>(folder, datasetName, `${plans.plansName}.json`);
    const written = JSON.parse(JSON.stringify(plansJson(plans)));
    expect(written).toEqual({ ...theirs, configurations: { "2d": configurations["2d"] } });
    expect(plansFromJson(written, "plans.json")).toEqual(plans);
  });

  test.each(sets)("the fingerprint of %s is written as it was read", (datasetName) => {
    const theirs = sharedJson(folder, datasetName, "dataset_fingerprint.json");
    expect(JSON.parse(JSON.stringify(fingerprintJson(fingerprintFromJson(theirs, "dataset_fingerprint.json"))))).toEqual(theirs);
  });
});

interface TableRow {
  readonly cases: readonly { height: number; width: number; spacing_y: number; spacing_x: number; count: number }[];
  readonly channels: number;
  readonly labels: number;
  readonly gpu_memory_gb: number;
  readonly "rule_2.1.1": string | object;
}

/** Only the sizes of a table's row: nothing of its images is used. */
function sizesOf({ cases }: TableRow): Pick<Fingerprint, "shapes" | "spacings"> {
  const every = <T>(of: (one: TableRow["cases"][number]) => T): T[] => cases.flatMap((one) => Array<T>(one.count).fill(of(one)));
  return {
    shapes: every(({ height, width }): Triple => [1, height, width]),
    spacings: every(({ spacing_y, spacing_x }): Triple => [999, spacing_y, spacing_x]),
  };
}

const table = "parity/nnunet/planner_table.json";

describeWith([table], "nnU-Net's planner table", () => {
  const rows = sharedJson<TableRow[]>(table);
  const planned = (row: TableRow, name: PlannerName) => {
    const planner = planners[name];
    const gpuMemoryGb = name.startsWith("Exp") ? row.gpu_memory_gb : planner.gpuMemoryGb;
    const sizes = sizesOf(row);
    const target = targetOf(sizes);
    const { network, patchSize, batchSize, estimate } = sizedNetwork(
      { target, cases: sizes.shapes.length, labels: row.labels, gpuMemoryGb },
      planner,
    );
    const stages = network.stages;
    return {
      patch_size: patchSize,
      batch_size: batchSize,
      median_image_size: target.shape.slice(1),
      spacing: target.spacing.slice(1),
      n_stages: stages.length,
      strides: stages.map(({ stride }) => stride),
      kernel_sizes: stages.map(({ kernel }) => kernel),
      features: stages.map(({ features }) => features),
      encoder: stages.map(({ blocks }) => blocks),
      decoder: network.decoderConvs,
      estimate,
    };
  };

  describe.each(["ExperimentPlanner", "nnUNetPlannerResEncM", "nnUNetPlannerResEncL"] as const)("%s", (name) => {
    test.each(rows.map((row, i) => [i, row] as const))("row %i", (_, row) => {
      expect(planned(row, name)).toEqual((row as unknown as Record<string, unknown>)[name]);
    });
  });

  test.each(rows.map((row, i) => [i, row] as const))("row %i by the rule of 2.1.1", (_, row) => {
    const expected = row["rule_2.1.1"];
    if (typeof expected === "string") expect(() => planned(row, "ExperimentPlanner-2.1.1")).toThrow(/IndexError|only one axis/);
    else expect(planned(row, "ExperimentPlanner-2.1.1")).toMatchObject(expected);
  });
});

test("a longest side makes the target spacing larger, and the patch that of the smaller images", () => {
  const fingerprint = {
    ...{ spacings: [[999, 1, 1]], shapes: [[1, 400, 512]], relativeSize: 1 },
    intensities: [{ mean: 0, median: 0, min: 0, max: 1, std: 1, percentile_00_5: 0, percentile_99_5: 1 }],
  } as unknown as Parameters<typeof planDataset>[1];
  const json = { channel_names: { "0": "gray" }, labels: { background: 0, lung: 1 }, numTraining: 1, file_ending: ".png" };
  const plan = (longestSide?: number) => planDataset(json, fingerprint, { datasetName: "Dataset001_A", longestSide }).plan2d;
  expect(plan(256)).toMatchObject({ spacing: [2, 2], medianSize: [200, 256] });
  expect(Math.max(...plan(256).patchSize)).toBe(256);
  expect(plan(512)).toEqual(plan());
});
