import fc from "fast-check";
import { expect, test } from "vitest";
import type { Mask } from "../image/types.ts";
import { gate, worstFirst } from "./decide.ts";
import { decisionRows, gateRecord } from "./decision-table.ts";
import { type LabelFacts, labelFacts, meanPairwiseDsc } from "./facts.ts";
import { ignoreDisagreement } from "./ignore.ts";
import { GateSettings } from "./settings.ts";

/** A mask drawn with characters: a dot is background. */
function drawn(...rows: readonly string[]): Mask {
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), (sign) => (sign === "." ? 0 : 1)) };
}

const settings = GateSettings.parse({ minKept: 1 });

/** Facts of a good pseudo-label. */
const good = (name: string, changes: Partial<LabelFacts> = {}): LabelFacts => ({
  name,
  agreement: 0.9,
  memberCount: 3,
  stability: 0.95,
  perturbedCount: 4,
  predictedIou: 0.9,
  areaFraction: 0.1,
  partAreasPx: [100],
  borderShare: 0,
  touches: [],
  ...changes,
});

/** A set of good pseudo-labels with one that is changed. */
const setWith = (changes: Partial<LabelFacts>): LabelFacts[] => [
  ...Array.from({ length: 9 }, (_, i) => good(`good ${i}`)),
  good("odd", changes),
];
const oddOf = (changes: Partial<LabelFacts>, given = settings) => gate(setWith(changes), given).decisions.at(-1)!;

test("facts of a mask are counted by hand", () => {
  const mask = drawn("##..", "##..", "...#", "....");
  const other = drawn("##..", "#...", "....", "....");
  expect(labelFacts({ name: "a", mask, members: [mask, other, other], perturbed: [other], predictedIou: 1.02 })).toEqual({
    name: "a",
    // DSC of mask and other: 2 · 3 / (5 + 3) = 0.75; of other with itself 1.
    agreement: (0.75 + 0.75 + 1) / 3,
    memberCount: 3,
    stability: 0.75,
    perturbedCount: 1,
    predictedIou: 1.02,
    areaFraction: 5 / 16,
    partAreasPx: [4, 1],
    // Of the 12 border pixels the three of the top left corner and the one on the right are foreground.
    borderShare: 4 / 12,
    touches: ["top", "right", "left"],
  });
});

test("one mask agrees with nothing, and two empty ones agree", () => {
  expect(meanPairwiseDsc([drawn("#.")])).toBeNull();
  expect(meanPairwiseDsc([drawn(".."), drawn("..")])).toBe(1);
});

test("masks of one pixel, row or column have borders without pixels counted twice", () => {
  const shareOf = (mask: Mask) => labelFacts({ name: "", mask }).borderShare;
  expect([shareOf(drawn("#")), shareOf(drawn("##.")), shareOf(drawn("#", ".", "."))]).toEqual([1, 2 / 3, 1 / 3]);
});

test("a good pseudo-label is kept with full weight, and what was not measured has no bearing on it", () => {
  const unmeasured = { agreement: null, memberCount: 0, stability: null, perturbedCount: 0, predictedIou: null };
  expect(oddOf(unmeasured)).toMatchObject({ decision: "keep", weight: 1, reasons: [], measures: { agreement: null } });
});

test("between its limits a measure lowers the weight in a straight line", () => {
  const set = [good("good"), good("odd", { agreement: 0.65 })];
  const { decision, weight, reasons } = gate(set, settings).decisions[1]!;
  // Half way from 0.5 to 0.8: 0.1 + 0.9 / 2.
  expect(decision).toBe("weight");
  expect(weight).toBeCloseTo(0.55, 12);
  expect(reasons).toEqual(["mean pairwise DSC of 3 masks is 0.65"]);
});

test("the worst measure decides, not their product", () => {
  const set = [good("good"), good("odd", { agreement: 0.65, stability: 0.75, partAreasPx: [70, 30] })];
  const { weight, reasons } = gate(set, settings).decisions[1]!;
  // Agreement and stability half way, parts half way from 0.5 to 0.9.
  expect(weight).toBeCloseTo(0.55, 12);
  expect(reasons).toHaveLength(3);
});

test.each<[string, Partial<LabelFacts>, RegExp]>([
  ["disagreement", { agreement: 0.49 }, /mean pairwise DSC of 3 masks is 0.49, 4.7 robust standard deviations worse/],
  ["an unstable mask", { stability: 0.5 }, /mean DSC with 4 masks of noised embeddings is 0.50/],
  // The set is uniform, so a deviation is a factor of 1.2: ln 4 / ln 1.2 = 7.6.
  ["four times the usual size", { areaFraction: 0.4 }, /covers 40 % of the image, 7.6 robust standard deviations larger/],
  ["a quarter of the usual size", { areaFraction: 0.025 }, /covers 2.5 % of the image, 7.6 robust standard deviations smaller/],
  ["fragments", { partAreasPx: [40, 30, 30] }, /has 3 parts, the largest with 40 % of the foreground; expected 1/],
  ["a mask along the border", { borderShare: 0.6, touches: ["top", "left"] }, /covers 60 % of the image's border \(top, left\)/],
  ["an empty mask", { areaFraction: 0, partAreasPx: [] }, /the mask is empty/],
])("%s is dropped with its reason", (_, changes, reason) => {
  const { decision, weight, reasons } = oddOf(changes);
  expect([decision, weight]).toEqual(["drop", 0]);
  expect(reasons).toEqual([expect.stringMatching(reason)]);
});

test("empty masks can be kept, where the target may be absent", () => {
  expect(oddOf({ areaFraction: 0, partAreasPx: [] }, { ...settings, emptyMasks: "keep" })).toMatchObject({ decision: "keep", weight: 1 });
  // Members that find something contradict it.
  expect(oddOf({ areaFraction: 0, partAreasPx: [], agreement: 0.3 }, { ...settings, emptyMasks: "keep" }).decision).toBe("drop");
});

test("agreement and stability are compared with the set as well, only where they are worse", () => {
  const set = (stability: number) => gate([...setWith({}), good("other", { stability })], settings).decisions.at(-1)!;
  // Usual is 0.95 or better: ln(0.2 / 0.05) / ln √2 = 4 deviations, a third of the way from 3 to 6. The limits of 0.6 and 0.9 alone give 0.7.
  expect(set(0.8).weight).toBeCloseTo(0.1 + 0.9 * (2 / 3), 12);
  expect(set(0.8).reasons).toEqual([
    "mean DSC with 4 masks of noised embeddings is 0.80, 4.0 robust standard deviations worse than usual in the set",
  ]);
  expect(set(1).weight).toBe(1);
});

test("the predicted IoU is shown, and counts only with limits of its own", () => {
  expect(oddOf({ predictedIou: -0.1 })).toMatchObject({ weight: 1, measures: { predictedIou: { value: 0 } } });
  const { decision, reasons } = oddOf({ predictedIou: -0.1 }, { ...settings, iouLimits: [0.3, 0.7] });
  expect([decision, reasons]).toEqual(["drop", ["SAM predicts an IoU of -0.10"]]);
});

test("limits of 0 turn a measure off", () => {
  expect(oddOf({ agreement: 0 }, { ...settings, agreementLimits: [0, 0] }).decision).toBe("keep");
});

test("expected parts are the median of the set, or given", () => {
  const lungs = Array.from({ length: 9 }, (_, i) => good(`${i}`, { partAreasPx: [50, 50] }));
  expect(gate(lungs, settings).counts).toEqual({ keep: 9, weight: 0, drop: 0 });
  expect(gate(lungs, { ...settings, expectedParts: 1 }).limits.expectedParts).toBe(1);
  expect(gate(lungs, { ...settings, expectedParts: 1 }).counts.weight).toBe(9);
});

test("sizes are not judged in a set too small to say what is usual", () => {
  const { decisions, limits } = gate([good("a"), good("b", { areaFraction: 0.9 })], settings);
  expect([limits.size, decisions[1]!.measures.size]).toEqual([null, null]);
});

test("up to half of a set may be wrong without moving its usual size", () => {
  const wrong = Array.from({ length: 8 }, (_, i) => good(`wrong ${i}`, { areaFraction: 0.9 }));
  const right = Array.from({ length: 9 }, (_, i) => good(`right ${i}`, { areaFraction: 0.1 + 0.001 * i }));
  const { limits, counts } = gate([...wrong, ...right], settings);
  expect(limits.size!.median).toBeCloseTo(0.108, 3);
  expect(counts).toEqual({ keep: 9, weight: 0, drop: 8 });
});

test("too few pseudo-labels are an error that says what they were dropped for, with all decisions", () => {
  const facts = Array.from({ length: 12 }, (_, i) =>
    good(`${i}`, i < 8 ? { agreement: 0.1 } : i < 10 ? { areaFraction: 0, partAreasPx: [] } : {}),
  );
  const { error, decisions } = gate(facts, GateSettings.parse({}));
  expect(error?.message).toBe(
    "gate: 2 of 12 pseudo-labels are left, expected at least 10. Dropped for agreement (8), an empty mask (2). " +
      "Look at the dropped ones, improve the text prompt or the model, or change the limits; a smaller minKept starts anyway.",
  );
  expect(decisions).toHaveLength(12);
});

test("two pseudo-labels of one name are an error", () => {
  expect(() => gate([good("a"), good("a")], settings)).toThrow('two pseudo-labels have the name "a"');
});

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const facts = fc.record({ agreement: unit, stability: unit, predictedIou: unit, areaFraction: unit, borderShare: unit });

test("measures lie in [0, 1], weights in (0, 1] unless dropped, and better agreement never lowers a weight", () => {
  fc.assert(
    fc.property(fc.array(facts, { minLength: 1, maxLength: 12 }), unit, (some, agreement) => {
      const set = some.map((one, i) => good(`${i}`, one));
      for (const { decision, weight, measures } of gate(set, settings).decisions) {
        for (const measure of Object.values(measures)) {
          if (measure === null) continue;
          expect(measure.value).toBeGreaterThanOrEqual(0);
          expect(measure.value).toBeLessThanOrEqual(1);
        }
        expect(weight > 0).toBe(decision !== "drop");
        expect(weight === 1).toBe(decision === "keep");
      }
      const [first] = set;
      const better = { ...first!, agreement: Math.max(agreement, first!.agreement!) };
      const weightOf = (one: LabelFacts) => gate([one, ...set.slice(1)], settings).decisions[0]!.weight;
      expect(weightOf(better)).toBeGreaterThanOrEqual(weightOf(first!));
    }),
  );
});

test("the worst come first: dropped, then by weight, then by margin", () => {
  const { decisions } = gate(
    [good("fine"), good("doubtful", { agreement: 0.6 }), good("bad", { agreement: 0.3 }), good("worse", { agreement: 0 })],
    settings,
  );
  expect(worstFirst(decisions).map(({ name }) => name)).toEqual(["worse", "bad", "doubtful", "fine"]);
});

test("the table has a row for each image, with empty fields for what was not measured", () => {
  const { decisions } = gate([good("a.png", { stability: null, agreement: 0.65 })], settings);
  expect(decisionRows(decisions)).toEqual([
    ["name", "decision", "weight", "agreement", "stability", "predictedIou", "size", "parts", "border", "areaFraction", "reasons"],
    ["a.png", "weight", "0.5500", "0.6500", "", "0.9000", "", "1.0000", "1.0000", "0.1000", "mean pairwise DSC of 3 masks is 0.65"],
  ]);
});

test("the record says on how many true masks the settings were chosen, and survives JSON", () => {
  const result = gate([good("a")], { ...settings, minKept: 2 });
  const record = gateRecord(result, { settings });
  expect(record).toMatchObject({ masksUsed: 120, counts: { keep: 1 }, error: expect.stringContaining("1 of 1 pseudo-labels are left") });
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});

test("pixels on which members disagree are ignored", () => {
  const mask = drawn("##..");
  const members = [mask, drawn("###."), drawn("#...")];
  const ignored = ignoreDisagreement(mask, members, { memberAgreement: 1 });
  expect([Array.from(ignored.labels.data), ignored.ignoredFraction]).toEqual([[1, 2, 2, 0], 0.5]);
  // Two of three are enough.
  expect(Array.from(ignoreDisagreement(mask, members, { memberAgreement: 0.6 }).labels.data)).toEqual([1, 1, 0, 0]);
  expect(Array.from(ignoreDisagreement(mask, [], { memberAgreement: 1, ignoreLabel: 9 }).labels.data)).toEqual([1, 1, 0, 0]);
});

test("a member of another size is an error", () => {
  expect(() => ignoreDisagreement(drawn("##"), [drawn("#")], { memberAgreement: 1 })).toThrow(
    "must have the size of the mask, 2 x 1, got 1 x 1",
  );
});
