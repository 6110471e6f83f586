import { expect, test } from "vitest";
import { DuplicateSettings, duplicatePairs, fingerprint, GateSettings, gate, labelFacts } from "../gate/index.ts";
import type { Mask } from "../image/types.ts";
import { gateSection, leakSection } from "./gate-section.ts";

const mask: Mask = { width: 4, height: 4, data: Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0) };
const empty: Mask = { width: 4, height: 4, data: new Uint8Array(16) };
const result = gate(
  [
    labelFacts({ name: "good.png", mask, predictedIou: 0.9 }),
    { ...labelFacts({ name: "doubt<ful>.png", mask }), stability: 0.75, perturbedCount: 4 },
    labelFacts({ name: "empty.png", mask: empty }),
  ],
  GateSettings.parse({ minKept: 1 }),
);

test("the section counts, explains and shows each decision, dropped ones first", () => {
  const html = gateSection(result, { picture: (name) => (name === "empty.png" ? undefined : `overlays/${name}`) });
  expect(html).toContain("Of 3 pseudo-labels 1 are kept, 1 weighted and 1 dropped.");
  expect(html).toContain("120 masks used");
  expect(html.indexOf("empty.png: dropped; the mask is empty")).toBeLessThan(
    html.indexOf("doubt&lt;ful&gt;.png: weight 0.55; mean DSC with 4 masks of noised embeddings is 0.75"),
  );
  expect(html).toContain('<img src="overlays/good.png"');
  expect(html).not.toContain("<ful>");
});

test("pictures are limited, and those left out are counted", () => {
  const html = gateSection(result, { picture: () => "data:,", most: 0 });
  expect(html).not.toContain("<img");
  const many = gate(
    Array.from({ length: 5 }, (_, i) => labelFacts({ name: `${i}`, mask })),
    GateSettings.parse({}),
  );
  const section = gateSection(many, { picture: () => "data:,", most: 2 });
  expect(section).toContain("and 3 more: see the table");
  expect(section).toContain("gate: 5 of 5 pseudo-labels are left, expected at least 10.");
});

test("leaks are listed with their images, or said to be absent", () => {
  const data = Uint8Array.from({ length: 1024 }, (_, i) => (i * i) % 251);
  const one = { name: "train/a.png", fingerprint: fingerprint({ width: 32, height: 32, data }) };
  const pairs = duplicatePairs([one, { ...one, name: "test/b.png" }], DuplicateSettings.parse({}));
  expect(leakSection(pairs.map(({ a, b, ...pair }) => ({ ...pair, image: a.name, testImage: b.name })))).toContain(
    "<td>test/b.png</td><td>train/a.png</td><td>0</td><td>1.000</td><td>whole image</td>",
  );
  expect(leakSection([])).toContain("No image of the test set has a near-duplicate in the training set.");
});
