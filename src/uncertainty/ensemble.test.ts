import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMembers, foregroundRow, mirroredMaps } from "../../test/support/class-maps.ts";
import { expectClose } from "../../test/support/close.ts";
import { type ClassMaps, probabilitiesOf } from "../image/class-maps.ts";
import { addMember, type EnsembleResult, ensembleResult, startEnsemble } from "./ensemble.ts";

function together(members: readonly ClassMaps<"probabilities">[], threshold = 0.5): EnsembleResult {
  const ensemble = startEnsemble(members[0]!, { threshold });
  for (const member of members) addMember(ensemble, member);
  return ensembleResult(ensemble);
}

function meanOfLogits(members: readonly ClassMaps<"logits">[]): EnsembleResult {
  const ensemble = startEnsemble(members[0]!, { meanOf: "logits" });
  for (const member of members) addMember(ensemble, member);
  return ensembleResult(ensemble);
}

const maps = ({ mean, entropy, expectedEntropy, mutualInformation }: EnsembleResult) =>
  [mean, entropy, expectedEntropy, mutualInformation] as const;

describe("the mean of probabilities", () => {
  // Members that are certain of opposites: the mean knows nothing (1 bit), though each is certain (0), so 1 bit is disagreement.
  // Members that both say 0.5: 1 bit, and none of it is disagreement.
  test("by hand: disagreement and doubt have one entropy, and differ in mutual information", () => {
    const result = together([foregroundRow(1, 0.5), foregroundRow(0, 0.5)]);
    expect([...result.mean.data]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect([...result.entropy.data]).toEqual([1, 1]);
    expectClose(result.expectedEntropy.data, [0, 1], 1e-9);
    expectClose(result.mutualInformation.data, [1, 0], 1e-9);
    expect(result.members).toBe(2);
  });

  test("does not depend on the order of the members", () => {
    fc.assert(
      fc.property(anyMembers(), (logits) => {
        const members = logits.map(probabilitiesOf);
        const [there, back] = [together(members), together([...members].reverse())];
        maps(there).forEach(({ data }, i) => {
          expectClose(data, maps(back)[i]!.data, 1e-6);
        });
        if (there.pairwiseDice !== null) expect(there.pairwiseDice).toBeCloseTo(back.pairwiseDice!, 12);
      }),
    );
  });

  test("of mirrored members is mirrored", () => {
    fc.assert(
      fc.property(anyMembers(), (logits) => {
        const members = logits.map(probabilitiesOf);
        const [plain, turned] = [together(members), together(members.map(mirroredMaps))];
        maps(plain).forEach((map, i) => {
          expect(mirroredMaps(map).data).toEqual(maps(turned)[i]!.data);
        });
        expect(turned.pairwiseDice).toBe(plain.pairwiseDice);
      }),
    );
  });

  test("has an entropy of at most log2 K bits, and mutual information between 0 and the entropy", () => {
    fc.assert(
      fc.property(anyMembers(), (logits) => {
        const { entropy, expectedEntropy, mutualInformation } = together(logits.map(probabilitiesOf));
        expect(entropy.maxBits).toBe(Math.log2(logits[0]!.count));
        const [bits, own, shared] = [entropy, expectedEntropy, mutualInformation].map(({ data }) => [...data]) as [
          number[],
          number[],
          number[],
        ];
        expect(bits.every((value) => value <= entropy.maxBits)).toBe(true);
        expect(bits.every((value, i) => own[i]! <= value + 1e-5)).toBe(true); // Jensen, but for rounding in float32
        expect(bits.every((value, i) => shared[i]! >= 0 && shared[i]! <= value)).toBe(true);
      }),
    );
  });

  test("of one member is the member, without mutual information or pairs", () => {
    const member = foregroundRow(0.25, 0.5, 0.75);
    const { mean, mutualInformation, pairwiseDice } = together([member]);
    expect(mean.data).toEqual(member.data);
    expect([...mutualInformation.data]).toEqual([0, 0, 0]);
    expect(pairwiseDice).toBeNull();
  });
});

describe("the mean of logits", () => {
  // Foreground logits 4 and -2 with a background of 0: mean 1, so 1 / (1 + e^-1) = 0.731059; the mean of probabilities is 0.550608.
  test("by hand: softmax follows the mean", () => {
    const member = (logit: number): ClassMaps<"logits"> => ({
      ...{ kind: "logits", areExclusive: true, count: 2, width: 1, height: 1, data: Float32Array.of(0, logit) },
    });
    expect(meanOfLogits([member(4), member(-2)]).mean.data[1]).toBeCloseTo(0.731059, 6);
    expect(together([member(4), member(-2)].map(probabilitiesOf)).mean.data[1]).toBeCloseTo(0.550608, 6);
  });

  test("of one member is the same as the mean of its probabilities", () => {
    fc.assert(
      fc.property(anyMembers(1), (members) => {
        expectClose(meanOfLogits(members).mean.data, together(members.map(probabilitiesOf)).mean.data, 1e-6);
      }),
    );
  });
});

// Four pixels: {0, 1}, {1, 2} and nothing. Pairs: 2 · 1 / 4 = 0.5, 0, 0.
test("by hand: the agreement of members is the mean DSC of their pairs", () => {
  const members = [foregroundRow(0.9, 0.8, 0.1, 0), foregroundRow(0.2, 0.6, 0.7, 0), foregroundRow(0, 0, 0, 0.3)];
  expect(together(members).pairwiseDice).toBeCloseTo(0.5 / 3, 12);
  // Above 0.15: {0, 1}, {0, 1, 2}, {3}.
  expect(together(members, 0.15).pairwiseDice).toBeCloseTo(0.8 / 3, 12);
  expect(together([members[2]!, members[2]!]).pairwiseDice).toBe(1);
});

test("the agreement on several classes is the mean over the foreground classes", () => {
  const three = (...labels: number[]): ClassMaps<"probabilities"> => ({
    ...{ kind: "probabilities", areExclusive: true, count: 3, width: labels.length, height: 1 },
    data: Float32Array.from({ length: 3 * labels.length }, (_, i) => (labels[i % labels.length] === Math.floor(i / labels.length) ? 1 : 0)),
  });
  // Class 1: the same pixel (1); class 2: {2} and {2, 3} (2/3).
  expect(together([three(0, 1, 2, 0), three(0, 1, 2, 2)]).pairwiseDice).toBeCloseTo((1 + 2 / 3) / 2, 12);
});

test("regions are averaged as they are: no activation is applied again", () => {
  const region = (p: number): ClassMaps<"probabilities"> => ({
    ...{ kind: "probabilities", areExclusive: false, count: 1, width: 1, height: 1, data: Float32Array.of(p) },
  });
  const { mean, entropy, mutualInformation } = together([region(0), region(0.5)]);
  expect([...mean.data]).toEqual([0.25]);
  expect(entropy.data[0]).toBeCloseTo(0.811278, 6); // -(0.25 log2 0.25 + 0.75 log2 0.75)
  expect(mutualInformation.data[0]).toBeCloseTo(0.811278 - 0.5, 6);
});

test("what does not belong together is refused", () => {
  const ensemble = startEnsemble(foregroundRow(0.5, 0.5));
  expect(() => ensembleResult(ensemble)).toThrow("no members");
  expect(() => addMember(ensemble, foregroundRow(0.5))).toThrow("expected maps of 2 x 1 pixels, got 1 x 1");
  expect(() => addMember(ensemble, foregroundRow(0.5, Number.NaN))).toThrow("finite");
  expect(() => addMember(ensemble, foregroundRow(0.5, 7))).toThrow("Are they logits?");
  expect(() => addMember(ensemble, { ...foregroundRow(0.5, 0.5), areExclusive: false })).toThrow("2 classes, got 2 regions");
  expect(() => startEnsemble({ ...foregroundRow(0.5), count: 1 })).toThrow("two classes");
  expect(() => startEnsemble(foregroundRow(0.5), { threshold: 1 })).toThrow("threshold");
});
