import { z } from "zod";
import { grouped, type Requirement } from "../../run/settings/meta.ts";
import { keepRules } from "./kept-epochs.ts";
import { type CycleOptions, cycleDenominators, cyclePresets } from "./schedule.ts";

const severalCycles: Requirement = { words: "several cycles (--cycles above 1)", holds: (cycles) => (cycles as number) > 1 };
const ofCycles = { needs: [{ cycles: severalCycles }] };

/** Settings of the training of a segmentation network. Defaults are nnU-Net's. */
export const SupervisedSettings = z.strictObject(
  grouped("Training", {
    mode: z
      .enum(["paper", "reference"])
      .default("paper")
      .describe(
        "paper: nnU-Net 2.8.1, cycles and checkpoints as the paper describes them; reference: nnU-Net 2.1.1 and MedCLIP-SAMv2's code as released",
      ),
    cycles: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe("cycles of the learning rate, of equal length; 1: it falls over the whole training"),
    gamma: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("share of a cycle after which the learning rate stays as it is (default: 0.8; 0.5 in reference mode)")
      .meta({ group: "Optimiser", ...ofCycles }),
    restartLr: z
      .number()
      .positive()
      .optional()
      .describe("learning rate at the start of each cycle (default: 0.1; 0.01 in reference mode)")
      .meta({ group: "Optimiser", ...ofCycles }),
    denominator: z
      .enum(cycleDenominators)
      .optional()
      .describe(
        "what the epoch of a cycle is divided by: the length of the cycle, or of the whole training, with which the rate hardly falls (default: cycle; total in reference mode)",
      )
      .meta({ group: "Optimiser", ...ofCycles }),
    keep: z
      .enum(keepRules)
      .default("none")
      .describe(
        "checkpoints to keep for an ensemble: the last ten epochs of each cycle (late), seven spread over its last third (sparse), or both",
      ),
    lr: z
      .number()
      .positive()
      .default(0.01)
      .describe("learning rate of the first epoch; it falls with the power 0.9 of the epochs that are left")
      .meta({ group: "Optimiser", needs: [{ cycles: [1] }] }),
    momentum: z.number().min(0).lt(1).default(0.99).describe("Nesterov momentum").meta({ group: "Optimiser" }),
    weightDecay: z
      .number()
      .nonnegative()
      .default(3e-5)
      .describe("weight decay, on all parameters; in paper mode not on the head that no loss reads")
      .meta({ group: "Optimiser" }),
    clipNorm: z.number().positive().default(12).describe("clip the global gradient norm to this value").meta({ group: "Optimiser" }),
  }),
);
export type SupervisedSettings = z.infer<typeof SupervisedSettings>;

/** The cycles that settings describe; those left open are the mode's. */
export function cyclesOf({ mode, cycles, gamma, restartLr, denominator }: SupervisedSettings, epochs: number): CycleOptions {
  const preset = cyclePresets[mode];
  return {
    epochs,
    cycles,
    gamma: gamma ?? preset.gamma,
    restartLr: restartLr ?? preset.restartLr,
    denominator: denominator ?? preset.denominator,
  };
}
