import { expect, test } from "vitest";
import { readAnswer, requestText } from "./request.ts";

test("a request says what to describe, how many sentences, and which classes generic ones must not name", () => {
  const about = { target: "liver tumor", modality: "CT", classes: ["benign", "malignant"], count: 7 };
  const generic = requestText(about);
  for (const words of ["Write 7 different sentences", "liver tumor", "CT", "benign, malignant"]) expect(generic).toContain(words);
  expect(requestText({ ...about, className: "benign" })).toContain('typical of "benign"');
  expect(requestText({ ...about, className: "benign" })).toContain("how a benign liver tumor looks");
});

test("an answer is JSON, also in a fenced block, and cut to the number asked for", () => {
  const answer = JSON.stringify({ sentences: ["one  mass", "two masses", "one mass", "three masses"] });
  for (const text of [answer, `Here you are:\n\`\`\`json\n${answer}\n\`\`\`\n`])
    expect(readAnswer(text, 2)).toEqual({ sentences: ["one mass", "two masses"] });
});

test.each([
  ["Sure! 1. A mass", "it is not JSON"],
  ["", "it is not JSON"],
  ['["a mass"]', 'it is not {"sentences"'],
  ['{"sentences": "a mass"}', 'it is not {"sentences"'],
  ['{"sentences": ["a mass", "a mass"]}', "it has 1 different sentences, expected 2"],
  ['{"sentences": ["a mass", "..."]}', "needs words"],
  ['{"sentences": ["a mass", "a \\u001b[31mred\\u0000 mass"]}', 'control characters (U+001B, U+0000): "a \\u001b[31mred'],
])("%s", (text, problem) => {
  expect(readAnswer(text, 2)).toEqual({ problem: expect.stringContaining(problem) });
});
