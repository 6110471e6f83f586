import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mirrorWords, sidesIn } from "./index.ts";

test.each([
  ["Left lung opacity, right pleural effusion.", "Right lung opacity, left pleural effusion."],
  ["LEFT-SIDED chest tube", "RIGHT-SIDED chest tube"],
  ["mass in the lower left quadrant (LLQ), not the RUQ", "mass in the lower right quadrant (RLQ), not the LUQ"],
  ["leftward shift, leftmost rib, rightwards", "rightward shift, rightmost rib, leftwards"],
  ["LLL consolidation and RML atelectasis", "RLL consolidation and LML atelectasis"],
  ["left_lung", "right_lung"],
  ["lung_upper_lobe_left", "lung_upper_lobe_right"],
  ["Levoscoliosis, dextro-convex curvature", "Dextroscoliosis, levo-convex curvature"],
  ["Lt. kidney and rt ureter", "Rt. kidney and lt ureter"],
  ["the patient's left", "the patient's right"],
  ["left lateral ventricle", "right lateral ventricle"],
  [
    "The mass is left of the midline; there has left hilar growth been",
    "The mass is right of the midline; there has right hilar growth been",
  ],
  ["fracture of the left angle of the mandible", "fracture of the right angle of the mandible"],
  ["left open reduction", "right open reduction"],
  ["L side: R lung clear, L Upper lobe nodule; R-sided effusion", "R side: L lung clear, R Upper lobe nodule; L-sided effusion"],
  ["Lung_L and Kidney_R", "Lung_R and Kidney_L"],
])("%j becomes %j", (text, expected) => {
  expect(mirrorWords(text)).toBe(expected);
  expect(mirrorWords(expected)).toBe(text);
});

describe("what is no side of the picture stays", () => {
  test.each([
    "The drain was left in place.",
    "A sponge was left in the abdomen",
    "the skin was left open; the aneurysm, left untreated, ruptured",
    "The patient left the hospital and left against medical advice",
    "right after surgery, right away, at a right angle, right-angled",
    "left ventricular hypertrophy with a dilated left atrium",
    "heart_ventricle_left and left_ventricle",
    "left anterior descending and right coronary artery",
    "a left-to-right shunt",
    "right heart failure and left bundle branch block",
    "cleft, leftover, bright, brightness, upright, copyright, frightened, aright",
    "L4 and R wave, 2 L of fluid, LV, RCA, LAD, RT, LT",
    "2 L pleural fluid, 500 mL, l lung, R on T, Ventricle_L, l_l",
    "dextrose, levothyroxine",
    "lll rll lul",
    "5 &lt; 6",
  ])("%s", (text) => expect(mirrorWords(text)).toBe(text));
});

test.each<[string, string[]]>([
  ["the left lung", ["left"]],
  ["RUL/right hilum, lt. side was left in place", ["right", "left"]],
  ["Kidney_R", ["right"]],
  ["dextroscoliosis", ["right"]],
  ["the heart, left ventricle", []],
])("the sides of %j are %j", (text, sides) => expect(sidesIn(text)).toEqual(new Set(sides)));

test("both sides of a sentence are told apart", () => {
  expect(mirrorWords("The tube was left in place in the left lung")).toBe("The tube was left in place in the right lung");
});

const words = [
  "left",
  "Right",
  "LEFT",
  "right",
  "lEft",
  "RUL",
  "LLL",
  "Lt",
  "rt",
  "LT",
  "was",
  "be",
  "in",
  "place",
  "angle",
  "of",
  "to",
  "shunt",
];
const more = [
  "atrium",
  "ventricle",
  "heart_ventricle_left",
  "L",
  "R",
  "Lung_L",
  "2",
  "side",
  "leftward",
  "dextrocardia",
  "levo-convex",
  "lung",
  "_",
  "-",
  ",",
  "&lt",
  "after",
];

test("twice gives the text back", () => {
  const text = fc.array(fc.constantFrom(...words, ...more, " "), { maxLength: 12 });
  fc.assert(
    fc.property(text, fc.constantFrom(" ", "_", "-", ""), (parts, between) => {
      const given = parts.join(between);
      expect(mirrorWords(mirrorWords(given))).toBe(given);
    }),
    { seed: 1, numRuns: 3000 },
  );
});
