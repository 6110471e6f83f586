import { expect, test } from "vitest";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { toFloat32 } from "../tensor/stored-tensor.ts";
import {
  afterEpoch,
  constantRate,
  constantWithCooldown,
  cosine,
  halvedEachEpoch,
  type PlateauOptions,
  plateauAt,
  type Schedule,
} from "./schedules.ts";

interface Case {
  readonly kind: string;
  readonly base: number;
  readonly warmup: number;
  readonly total: number;
  readonly stride: number;
  readonly cooldown_steps: number;
  readonly cooldown_power: number;
  readonly cooldown_end_lr: number;
  readonly val_loss: readonly number[];
  readonly lr: readonly number[];
  readonly lr_after_last: number;
  readonly factor: number;
  readonly patience: number;
  readonly threshold?: number;
  readonly threshold_mode?: string;
  readonly cooldown?: number;
  readonly min_lr?: number;
  readonly steps_per_epoch: number;
}

const schedules: Record<string, (item: Case) => Schedule> = {
  cosine: ({ base, warmup, total }) => cosine({ base, warmup, total }),
  const: ({ base, warmup }) => constantRate({ base, warmup }),
  "const-cooldown": ({ base, warmup, total, cooldown_steps, cooldown_power, cooldown_end_lr }) =>
    constantWithCooldown({ base, warmup, total, cooldown: cooldown_steps, power: cooldown_power, end: cooldown_end_lr }),
};

const file = "parity/learn/schedules.safetensors";

describeWith([file], "schedules are the reference's", () => {
  test("step by step, by epoch, and on a plateau", async () => {
    const { tensors, settings } = await readCase<{ schedules: Record<string, Case> }>(file);
    const cases = settings.schedules;
    for (const [name, item] of Object.entries(cases)) {
      const expected = item.lr ?? Array.from(toFloat32(tensors.get(`${name}.lr_over_base`)!));
      const found = item.lr ? plateauRates(item) : ratesOf(name, item, expected.length);
      expect(found, name).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(found[i]! - value), `${name}, ${i}`).toBeLessThanOrEqual(1e-6 * Math.abs(value) + 1e-12);
      }
    }
  });
});

function ratesOf(name: string, item: Case, count: number): number[] {
  if (name === "halve_every_epoch") {
    const schedule = halvedEachEpoch({ base: 1, stepsPerEpoch: item.steps_per_epoch });
    return Array.from({ length: count }, (_, i) => schedule(i));
  }
  const schedule = schedules[item.kind]!(item);
  return Array.from({ length: count }, (_, i) => schedule(i * item.stride) / item.base);
}

function plateauRates({ base, val_loss, factor, patience, threshold, threshold_mode, cooldown, min_lr }: Case): number[] {
  const options: PlateauOptions = {
    factor,
    patience,
    ...(threshold !== undefined && { threshold }),
    ...(threshold_mode === "abs" && { thresholdMode: "absolute" as const }),
    ...(cooldown !== undefined && { cooldown }),
    ...(min_lr !== undefined && { minimum: min_lr }),
  };
  let state = plateauAt(base);
  return val_loss.map((loss) => {
    const { lr } = state;
    state = afterEpoch(state, loss, options);
    return lr;
  });
}

test("without improvement for one epoch the rate is halved, down to where a change is too small to be made", () => {
  let state = plateauAt(1e-6);
  for (let epoch = 0; epoch < 20; epoch++) state = afterEpoch(state, 1);
  expect(state.lr).toBeCloseTo(1e-6 / 64, 12); // the next step, 7.8e-9, would be below 1e-8
});

const ratesAfter = (losses: readonly number[], options: PlateauOptions = {}): number[] => {
  let state = plateauAt(1);
  return losses.map((loss) => {
    state = afterEpoch(state, loss, options);
    return state.lr;
  });
};

test("below 0, too, only a lower loss is better; the relative mode of torch takes a slightly worse one for better", () => {
  const rising = [-2, -1.9999, -1.9998, -1.9997]; // each worse than the one before, by half of the threshold
  expect(ratesAfter(rising)).toEqual([1, 0.5, 0.25, 0.125]);
  expect(ratesAfter(rising, { thresholdMode: "torch" })).toEqual([1, 1, 1, 1]);
  expect(ratesAfter([-2, -2.0001, -2.0005])).toEqual([1, 0.5, 0.5]); // an improvement by less than 1e-4 of the magnitude does not count
  expect(ratesAfter([0.1, 0, -0.1, -0.1])).toEqual([1, 1, 1, 0.5]); // through 0
});

test("above 0 both relative modes are the same", () => {
  const losses = [2, 1.9999, 1.9997, 1.5, 1.5, 1.49999];
  expect(ratesAfter(losses)).toEqual(ratesAfter(losses, { thresholdMode: "torch" }));
});

test("a plateau's state survives JSON", () => {
  const state = afterEpoch(plateauAt(1e-5), 0.5);
  expect(JSON.parse(JSON.stringify(plateauAt(1e-5)))).toEqual(plateauAt(1e-5));
  expect(afterEpoch(JSON.parse(JSON.stringify(state)), 0.6)).toEqual(afterEpoch(state, 0.6));
});
