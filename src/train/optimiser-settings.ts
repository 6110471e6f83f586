import { z } from "zod";
import {
  adam,
  adamW,
  constantRate,
  constantWithCooldown,
  cosine,
  halvedEachEpoch,
  type Optimizer,
  type PlateauOptions,
  type Schedule,
  sgd,
} from "../optim/index.ts";
import { type Condition, grouped } from "../run/settings/meta.ts";

const ofAdam: readonly Condition[] = [{ optimizer: ["adamw", "adam"] }];

/** Settings of the optimiser, common to all trainings. */
export const OptimiserSettings = z.strictObject(
  grouped("Optimiser", {
    optimizer: z.enum(["adamw", "adam", "sgd"]).default("adamw").describe("optimiser"),
    lr: z.number().positive().default(1e-6).describe("peak learning rate; with LoRA 1e-3 to 1e-2 are usual"),
    adamBeta1: z.number().min(0).lt(1).default(0.9).describe("decay rate of the mean gradient").meta({ needs: ofAdam }),
    adamBeta2: z.number().min(0).lt(1).default(0.98).describe("decay rate of the mean squared gradient").meta({ needs: ofAdam }),
    adamEpsilon: z.number().positive().default(1e-6).describe("ε of Adam").meta({ needs: ofAdam }),
    momentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .describe("Nesterov momentum of SGD")
      .meta({ needs: [{ optimizer: ["sgd"] }] }),
    weightDecay: z.number().nonnegative().default(0.1).describe("weight decay, on parameters with two or more axes only"),
    clipNorm: z.number().positive().optional().describe("clip the global gradient norm to this value; default: no clipping"),

    schedule: z.enum(["cosine", "constant", "cooldown", "halve", "plateau"]).default("cosine").describe("learning rate schedule"),
    warmup: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("warm-up steps of the learning rate")
      .meta({ needs: [{ schedule: ["cosine", "constant", "cooldown"] }] }),
    cooldown: z
      .number()
      .int()
      .positive()
      .default(100)
      .describe("number of final steps with decreasing learning rate, for the schedule cooldown")
      .meta({ needs: [{ schedule: ["cooldown"] }] }),
    patience: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("epochs without improvement that the schedule plateau tolerates before it halves the learning rate")
      .meta({ needs: [{ schedule: ["plateau"] }] }),
    plateauThreshold: z
      .enum(["relative", "torch"])
      .default("relative")
      .describe(
        "when the schedule plateau counts a loss as an improvement: lower than the best by 1e-4 of its magnitude, or as torch, which for negative losses also accepts slightly worse ones",
      )
      .meta({ needs: [{ schedule: ["plateau"] }] }),
  }),
);
export type OptimiserSettings = z.infer<typeof OptimiserSettings>;

/** What every trainer reads of its settings. */
export type StepSettings = Pick<OptimiserSettings, "lr" | "weightDecay" | "clipNorm">;

/** How the weights of a trainer follow their gradients. */
export interface UpdateRules {
  readonly optimizer: Optimizer;
  /** The learning rate over the run; or options of "plateau", which depends on losses to come. */
  readonly rate: Schedule | PlateauOptions;
}

/** The rules that settings describe. */
export function rulesOf(settings: OptimiserSettings, length: { readonly stepsPerEpoch: number; readonly epochs: number }): UpdateRules {
  const { patience, plateauThreshold: thresholdMode } = settings;
  return { optimizer: optimizerOf(settings), rate: scheduleOf(settings, length) ?? { patience, thresholdMode } };
}

/** Creates the optimiser from settings. */
function optimizerOf(settings: OptimiserSettings): Optimizer {
  const { optimizer, adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, momentum } = settings;
  const optimizers = {
    adamw: () => adamW({ beta1, beta2, epsilon }),
    adam: () => adam({ beta1, beta2, epsilon }),
    sgd: () => sgd({ momentum, nesterov: true }),
  };
  return optimizers[optimizer]();
}

/** The learning rate over a run; undefined for "plateau", which depends on losses to come. */
function scheduleOf(
  { schedule, lr: base, warmup, cooldown }: OptimiserSettings,
  { stepsPerEpoch, epochs }: { readonly stepsPerEpoch: number; readonly epochs: number },
): Schedule | undefined {
  const total = Math.round(stepsPerEpoch * epochs); // the last epoch may be a part of one
  const schedules: Record<OptimiserSettings["schedule"], () => Schedule | undefined> = {
    cosine: () => cosine({ base, warmup, total }),
    constant: () => constantRate({ base, warmup }),
    cooldown: () => constantWithCooldown({ base, warmup, total, cooldown }),
    halve: () => halvedEachEpoch({ base, stepsPerEpoch }),
    plateau: () => undefined,
  };
  return schedules[schedule]();
}
