import { z } from "zod";
import {
  adam,
  adamW,
  constantRate,
  constantWithCooldown,
  cosine,
  halvedEachEpoch,
  type Optimizer,
  type Schedule,
  sgd,
} from "../optim/index.ts";
import { type Condition, grouped } from "../run/settings/meta.ts";

const ofAdam: readonly Condition[] = [{ optimizer: ["adamw", "adam"] }];

/** How weights follow their gradients: what all trainings have in common. */
export const OptimiserSettings = z.strictObject(
  grouped("Optimiser", {
    optimizer: z.enum(["adamw", "adam", "sgd"]).default("adamw").describe("how weights follow the gradient"),
    lr: z.number().positive().default(1e-6).describe("highest learning rate; with LoRA 1e-3 to 1e-2 are usual"),
    adamBeta1: z.number().min(0).lt(1).default(0.9).describe("decay of the mean gradient").meta({ needs: ofAdam }),
    adamBeta2: z.number().min(0).lt(1).default(0.98).describe("decay of the mean squared gradient").meta({ needs: ofAdam }),
    adamEpsilon: z.number().positive().default(1e-6).describe("ε of Adam").meta({ needs: ofAdam }),
    momentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.9)
      .describe("momentum of SGD, in Nesterov's form")
      .meta({ needs: [{ optimizer: ["sgd"] }] }),
    weightDecay: z.number().nonnegative().default(0.1).describe("on arrays of two or more axes alone"),
    clipNorm: z.number().positive().optional().describe("largest norm of the whole gradient; default: not clipped"),

    schedule: z.enum(["cosine", "constant", "cooldown", "halve", "plateau"]).default("cosine").describe("how the learning rate changes"),
    warmup: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("steps over which the learning rate rises")
      .meta({ needs: [{ schedule: ["cosine", "constant", "cooldown"] }] }),
    cooldown: z
      .number()
      .int()
      .positive()
      .default(100)
      .describe("last steps over which it falls, for the schedule cooldown")
      .meta({ needs: [{ schedule: ["cooldown"] }] }),
    patience: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("epochs without improvement after which the schedule plateau still waits")
      .meta({ needs: [{ schedule: ["plateau"] }] }),
    plateauThreshold: z
      .enum(["relative", "torch"])
      .default("relative")
      .describe(
        "when the schedule plateau calls a loss better: lower than the best by 1e-4 of its magnitude, or as torch, which for losses below 0 also takes slightly worse ones",
      )
      .meta({ needs: [{ schedule: ["plateau"] }] }),
  }),
);
export type OptimiserSettings = z.infer<typeof OptimiserSettings>;

/** The optimiser that settings describe. */
export function optimizerOf(settings: OptimiserSettings): Optimizer {
  const { optimizer, adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, momentum } = settings;
  const optimizers = {
    adamw: () => adamW({ beta1, beta2, epsilon }),
    adam: () => adam({ beta1, beta2, epsilon }),
    sgd: () => sgd({ momentum, nesterov: true }),
  };
  return optimizers[optimizer]();
}

/** The learning rate over a run; undefined for "plateau", which depends on losses to come. */
export function scheduleOf(
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
