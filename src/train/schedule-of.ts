import { constantRate, constantWithCooldown, cosine, halvedEachEpoch, type Schedule } from "../optim/index.ts";
import type { OptimiserSettings } from "./optimiser-settings.ts";

/** The course of the learning rate over a run; undefined for "plateau", which depends on losses to come. */
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
