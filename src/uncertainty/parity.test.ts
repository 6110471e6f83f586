import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeCases, readCase } from "../../test/support/shared-data.ts";
import type { ClassMaps } from "../image/class-maps.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addMember, ensembleResult, startEnsemble } from "./ensemble.ts";
import { edgeOf, edgeScore, sumOf } from "./image-scores.ts";
import { foregroundMask } from "./member-masks.ts";
import { addReleased, releasedMap, releasedScore, startReleased } from "./released.ts";

interface Scores {
  readonly sum: number;
  readonly reference_score: number;
  readonly score_per_edge_pixel: number;
}

interface Settings {
  /** By "<stack> threshold <T>". */
  readonly facts: Readonly<
    Record<string, { readonly mask_pixels: number; readonly edge_pixels: number; readonly scores: Readonly<Record<string, Scores>> }>
  >;
}

/** Allowed by the cases' README. */
const tolerance = 1e-5;

/** The members of a stack [N, 2, H, W]. */
function membersOf({ data, shape }: Tensor): ClassMaps<"probabilities">[] {
  const [members, count, height, width] = shape as [number, number, number, number];
  const size = count * height * width;
  return Array.from({ length: members }, (_, i) => ({
    ...{ kind: "probabilities", areExclusive: true, count, width, height },
    data: (data as Float32Array).subarray(i * size, (i + 1) * size),
  }));
}

describeCases<Settings>("parity/coarse", /^uncertainty.*\.safetensors$/, "the maps and scores of the reference", (files) => {
  const cases = files.flatMap(({ file, settings }) => Object.entries(settings.facts).map(([name, facts]) => ({ file, name, facts })));

  test.each(cases)("$file $name", async ({ file, name, facts }) => {
    const { tensors } = await readCase(`parity/coarse/${file}`);
    const [stack, threshold] = name.split(" threshold ") as [string, string];
    const members = membersOf(tensors.get(`${stack}.probabilities`)!);
    const ensemble = startEnsemble(members[0]!);
    const sums = startReleased(members[0]!);
    for (const member of members) {
      addMember(ensemble, member);
      addReleased(sums, member);
    }
    const { mean, entropy, expectedEntropy, mutualInformation } = ensembleResult(ensemble);
    const { width, height } = mean;
    const released = releasedMap(sums, "t_test");
    expect([released.width, released.height]).toEqual([height, width]);
    const tTest = { ...released, data: released.data.map((_, i) => released.data[(i % width) * height + Math.floor(i / width)]!) };
    const maps = {
      class_entropy: releasedMap(sums, "class_entropy"),
      total_entropy: releasedMap(sums, "total_entropy"),
      expected_entropy: expectedEntropy,
      mutual_information: mutualInformation,
      t_test: tTest,
    };
    const expected = (what: string) => tensors.get(`${stack}.${what}`)!.data as Float32Array;
    for (const [what, { data }] of Object.entries(maps)) expectClose(data, expected(what), tolerance, what);
    expectClose(entropy.data, expected("class_entropy"), tolerance, "entropy");

    const mask = foregroundMask(mean, { threshold: Number(threshold) });
    expect(mask.data).toEqual(expected(`mask_${threshold}`));
    expect(edgeOf(mask).data).toEqual(expected(`edge_${threshold}`));
    expect([sumOf(mask.data), sumOf(edgeOf(mask).data)]).toEqual([facts.mask_pixels, facts.edge_pixels]);
    for (const [what, scores] of Object.entries(facts.scores)) {
      const map = maps[what as keyof typeof maps];
      expect(Math.abs(sumOf(map.data) / map.data.length - scores.sum / map.data.length)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(releasedScore(map, mask) - scores.reference_score)).toBeLessThanOrEqual(tolerance);
    }
    expect(Math.abs(edgeScore(entropy, mask) / 100 - facts.scores.class_entropy!.score_per_edge_pixel)).toBeLessThanOrEqual(tolerance);
  });
});
