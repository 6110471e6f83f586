import { resolve } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { drawn } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import type { Mask } from "../image/index.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Candidates, releasedVote, releasedVotedMask, unionOf, type VoteRuleName, votedMask, votedUnion, voteRules } from "./index.ts";

const rules = Object.keys(voteRules) as VoteRuleName[];

describe("votes by hand", () => {
  const candidates = { masks: [drawn("###."), drawn("##.."), drawn("#...")], scores: [0.5, 0.3, 0.2] };

  test("average counts candidates, so two of three win", () => {
    expectClose(voteRules.average(candidates).data, [1, 2 / 3, 1 / 3, 0], 1e-7);
    expect(votedMask(candidates, "average")).toEqual(drawn("##.."));
  });

  test("mrm weighs them by their scores and stretches to [0, 1]", () => {
    expectClose(voteRules.mrm({ ...candidates, scores: [1, 2, 5] }).data, [1, 3 / 8, 1 / 8, 0], 1e-7);
  });

  test.each(rules)("%s of candidates that agree everywhere is what they agree on", (rule) => {
    const scores = [0.9, 0.8, 0.7];
    for (const mask of [drawn("##", "##"), drawn("..", ".."), drawn("#.", ".#")]) {
      expect(votedMask({ masks: [mask, mask, mask], scores }, rule)).toEqual(mask);
    }
  });
});

test.each(rules)("%s lies in [0, 1]", (rule) => {
  const plane = fc.uint8Array({ minLength: 12, maxLength: 12, max: 1 });
  const score = fc.double({ min: 0.05, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(plane, plane, plane), fc.tuple(score, score, score), (planes, scores) => {
      const masks = planes.map((data) => ({ width: 4, height: 3, data }));
      for (const value of voteRules[rule]({ masks, scores }).data) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test.each(["average", "mrm"] as const)("by %s a pixel of no candidate is outside", (rule) => {
  const candidates = { masks: [drawn("##.."), drawn("#.#."), drawn("###.")], scores: [0.2, 0.9, 0.4] };
  expect(voteRules[rule](candidates).data[3]).toBe(0);
});

describe("STAPLE of SimpleITK", async () => {
  const { tensors } = await readSafetensors(resolve(import.meta.dirname, "../../test/golden/segment/staple.safetensors"));
  const kinds = [...tensors.keys()].flatMap((key) => (key.endsWith(".votes") ? [key.replace(".votes", "")] : []));
  test("there are cases", () => expect(kinds.length).toBeGreaterThan(5));

  describe.each(kinds)("%s votes", (kind) => {
    const votes = tensors.get(`${kind}.votes`)!;
    const [raters, planes, height, width] = votes.shape as [number, number, number, number];
    const truth = Float64Array.from(tensors.get(`${kind}.truth`)!.data as Float64Array);
    const part = (rater: number, plane: number, rows: number): Mask => {
      const start = (rater * planes + plane) * height * width;
      return { width, height: rows, data: (votes.data as Uint8Array).slice(start, start + rows * width) };
    };

    test("the planes of each rater as one mask", () => {
      const masks = Array.from({ length: raters }, (_, rater) => part(rater, 0, planes * height));
      expectClose(voteRules.staple({ masks, scores: masks.map(() => 1) }).data, truth, 1e-6); // float32 of the map: 3e-8
    });

    test("the released form adds up the planes", () => {
      const boxes = Array.from({ length: raters }, (_, rater) => {
        const masks = Array.from({ length: planes }, (_, plane) => part(rater, plane, height));
        return { masks, scores: masks.map(() => 1) };
      });
      const sums = Array.from({ length: height * width }, (_, i) => {
        let sum = 0;
        for (let plane = 0; plane < planes; plane++) sum += truth[plane * height * width + i]!;
        return Math.min(sum, 1);
      });
      expectClose(releasedVote(boxes, "staple").data, sums, 1e-6);
    });
  });
});

describeWith(["parity/coarse/votes.safetensors"], "votes of the reference", async () => {
  let tensors: Map<string, Tensor>;
  let boxes: Candidates[];
  beforeAll(async () => {
    ({ tensors } = await readSafetensors(sharedPath("parity", "coarse", "votes.safetensors")));
    const [planes, scores] = [tensors.get("masks")!.data as Uint8Array, tensors.get("scores")!.data as Float32Array];
    const [count, candidates, height, width] = tensors.get("masks")!.shape as [number, number, number, number];
    const size = width * height;
    const mask = (index: number): Mask => ({ width, height, data: planes.slice(index * size, (index + 1) * size) });
    boxes = Array.from({ length: count }, (_, box) => ({
      masks: Array.from({ length: candidates }, (_, plane) => mask(box * candidates + plane)),
      scores: scores.subarray(box * candidates, (box + 1) * candidates),
    }));
  });

  const { tensors: stored } = await readSafetensors(sharedPath("parity", "coarse", "votes.safetensors"));
  const cases = rules.flatMap((rule) =>
    [...stored.keys()].flatMap((key) => {
      const count = key.match(new RegExp(`^${rule}\\.boxes(\\d+)\\.reference$`))?.[1];
      return count === undefined ? [] : [{ rule, count: Number(count) }];
    }),
  );

  test.each(cases)("$rule over the candidates of each of $count boxes", ({ rule, count }) => {
    const used = boxes.slice(0, count);
    const expected = tensors.get(`${rule}.boxes${count}.intended`)!.data as Float32Array;
    for (const [i, candidates] of used.entries()) {
      const size = expected.length / count;
      expectClose(voteRules[rule](candidates).data, expected.subarray(i * size, (i + 1) * size), 1e-5);
    }
    expect(votedUnion(used, rule).data).toEqual(tensors.get(`${rule}.boxes${count}.intended_mask`)!.data);
  });

  test.each(cases)("the released $rule over $count boxes", ({ rule, count }) => {
    const used = boxes.slice(0, count);
    expectClose(releasedVote(used, rule).data, tensors.get(`${rule}.boxes${count}.reference`)!.data as Float32Array, 1e-5);
    expect(releasedVotedMask(used, rule).data).toEqual(tensors.get(`${rule}.boxes${count}.reference_mask`)!.data);
  });

  test.each(rules)("the released %s of one box is the union of its candidates", (rule) => {
    expect(releasedVotedMask(boxes.slice(0, 1), rule)).toEqual(unionOf(boxes[0]!.masks));
  });
});
