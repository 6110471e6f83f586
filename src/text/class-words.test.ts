import { expect, test } from "vitest";
import { classWordsIn } from "./class-words.ts";

test.each([
  ["A breast ultrasound showing a malignant breast tumor", ["malignant"]],
  ["Benign mass, benign lesion, or fibroadenoma", ["benign", "fibroadenoma"]],
  ["an oligodendroglioma or a meningioma", ["meningioma", "oligodendroglioma"]],
  ["lungs with COVID-19 pneumonia", ["covid-19", "pneumonia"]],
  ["A chest X-ray showing the lungs with an opacity", []],
  ["an abnormally bright tumor that displaces normal brain tissue, an abnormal hypoechoic focus", []],
  ["normal lungs", ["normal"]],
])("%s", (text, words) => {
  expect(classWordsIn(text)).toEqual(words);
});
