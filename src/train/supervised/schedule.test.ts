import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, sharedJson } from "../../../test/support/shared-data.ts";
import { keptEpochs } from "./kept-epochs.ts";
import { cyclePresets, cyclicalRate, polyRate } from "./schedule.ts";

const file = "parity/nnunet/schedule.json";

interface Cycled {
  readonly T: number;
  readonly C: number;
  readonly gamma: number;
  readonly restart?: number;
  readonly lr: readonly number[];
}

interface Cases {
  readonly poly: Readonly<Record<string, readonly number[]>>;
  readonly released: readonly Cycled[];
  readonly per_cycle: readonly Cycled[];
  readonly checkpoints: readonly { readonly T: number; readonly C: number; readonly late: number[]; readonly sparse: number[] }[];
}

const ratesOf = (epochs: number, rate: (epoch: number) => number) => Array.from({ length: epochs }, (_, epoch) => rate(epoch));

describeWith([file], "learning rates and kept checkpoints are those of the reference", () => {
  const cases = sharedJson<Cases>(file);

  test.each(Object.entries(cases.poly))("nnU-Net's schedule over %s epochs", (count, expected) => {
    const epochs = Number(count);
    expectClose(
      ratesOf(epochs, (epoch) => polyRate(epoch, { lr: 0.01, epochs })),
      expected,
      1e-12,
    );
  });

  test.each(cases.released)("the released schedule: $T epochs, $C cycles, gamma $gamma", ({ T: epochs, C: cycles, gamma, lr }) => {
    const options = { ...cyclePresets.reference, epochs, cycles, gamma };
    expectClose(
      ratesOf(epochs, (epoch) => cyclicalRate(epoch, options)),
      lr,
      1e-12,
    );
  });

  test.each(cases.per_cycle)("by the cycle's length: $T epochs, $C cycles, gamma $gamma, restart $restart", (one) => {
    const options = { epochs: one.T, cycles: one.C, gamma: one.gamma, restartLr: one.restart!, denominator: "cycle" } as const;
    expectClose(
      ratesOf(one.T, (epoch) => cyclicalRate(epoch, options)),
      one.lr,
      1e-12,
    );
  });

  test.each(cases.checkpoints)("checkpoints of the released code: $T epochs, $C cycles", ({ T: epochs, C: cycles, late, sparse }) => {
    const kept = (rule: "late" | "sparse" | "both") => keptEpochs({ epochs, cycles, rule, mode: "reference" });
    expect(kept("late")).toEqual(late);
    expect(kept("sparse")).toEqual(sparse);
    expect(kept("both")).toEqual([...new Set([...late, ...sparse])].sort((a, b) => a - b));
  });
});

// 600 epochs in 3 cycles: 0.1 (1 - 160/200)^0.9 from epoch 160 of each cycle on.
test("the paper's rate restarts at 0.1 and stays after 80 % of a cycle", () => {
  const rate = (epoch: number) => cyclicalRate(epoch, { ...cyclePresets.paper, epochs: 600, cycles: 3 });
  expect([rate(0), rate(200), rate(400)]).toEqual([0.1, 0.1, 0.1]);
  expect(rate(160)).toBeCloseTo(0.0234924, 7);
  expect(rate(199)).toBe(rate(160));
  expect(rate(159)).toBeGreaterThan(rate(160));
});

test("the paper's 600 epochs in 3 cycles keep 30 late checkpoints, the last of each cycle among them", () => {
  const kept = keptEpochs({ epochs: 600, cycles: 3, rule: "late", mode: "paper" });
  expect(kept).toHaveLength(30);
  expect(kept.slice(0, 10)).toEqual([190, 191, 192, 193, 194, 195, 196, 197, 198, 199]);
  expect(kept.at(-1)).toBe(599);
});

// Cycles of 60 epochs: from trunc(0.7 · 50) = 35 to 60 in steps of 25 / 6.
test("sparse checkpoints end with the last epoch of each cycle", () => {
  const kept = keptEpochs({ epochs: 120, cycles: 2, rule: "sparse", mode: "paper" });
  expect(kept).toEqual([34, 38, 42, 46, 50, 54, 59, 94, 98, 102, 106, 110, 114, 119]);
});

test("each cycle keeps the same epochs, and its last one", () => {
  const rule = fc.constantFrom("late", "sparse", "both" as const);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 5 }), rule, (length, cycles, kind) => {
      const kept = keptEpochs({ epochs: length * cycles, cycles, rule: kind, mode: "paper" });
      const first = kept.filter((epoch) => epoch < length);
      expect(kept).toEqual(Array.from({ length: cycles }, (_, cycle) => first.map((epoch) => cycle * length + epoch)).flat());
      expect(first.at(-1)).toBe(length - 1);
    }),
  );
});

test("without a rule no checkpoint is kept", () => {
  expect(keptEpochs({ epochs: 20, cycles: 2, rule: "none", mode: "paper" })).toEqual([]);
});

test("cycles that do not divide the epochs are refused", () => {
  expect(() => cyclicalRate(0, { ...cyclePresets.paper, epochs: 100, cycles: 3 })).toThrow(
    "100 epochs cannot be divided into 3 cycles of equal length. Choose a number of epochs that is a multiple of 3.",
  );
});
