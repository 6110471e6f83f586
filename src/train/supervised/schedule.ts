import { ConfigError } from "../../errors.ts";

/** The rate falls as this power of what is left. */
const power = 0.9;

/**
 * nnU-Net's learning rate in an epoch, counted from 0; it is the same for all steps of an epoch.
 *
 *   lr = lr₀ (1 - e / T)^0.9
 *
 * @param epochs - T
 * @see Isensee et al. 2021, nnU-Net, doi:10.1038/s41592-020-01008-z
 */
export function polyRate(epoch: number, { lr, epochs }: { readonly lr: number; readonly epochs: number }): number {
  return lr * (1 - epoch / epochs) ** power;
}

/** How the learning rate is restarted in cycles of equal length. */
export interface CycleOptions {
  /** T, of the whole training. */
  readonly epochs: number;
  /** C, which divides T. */
  readonly cycles: number;
  /** γ: the share of a cycle after which the rate stays as it is. */
  readonly gamma: number;
  /** The rate at the start of each cycle. */
  readonly restartLr: number;
  /** What the epoch of a cycle is divided by: the length of the cycle, or T, with which the rate hardly falls. */
  readonly denominator: CycleDenominator;
}

export const cycleDenominators = ["cycle", "total"] as const;
export type CycleDenominator = (typeof cycleDenominators)[number];

/**
 * - `paper`: as Koleilat et al. describe it after Zhao et al. 2022 (arXiv:2212.06278)
 * - `reference`: as MedCLIP-SAMv2's code has it, with the defaults of its command
 */
export const cyclePresets = {
  paper: { denominator: "cycle", restartLr: 0.1, gamma: 0.8 },
  reference: { denominator: "total", restartLr: 0.01, gamma: 0.5 },
} as const satisfies Record<string, Omit<CycleOptions, "epochs" | "cycles">>;

/**
 * The learning rate of cyclical training in an epoch, counted from 0.
 *
 *   Tc = T / C,   tc = e mod Tc,   lr = lr_restart (1 - min(tc, ⌊γ Tc⌋) / D)^0.9,   D = Tc or T
 *
 * @throws ConfigError when the cycles do not divide the epochs
 */
export function cyclicalRate(epoch: number, { epochs, cycles, gamma, restartLr, denominator }: CycleOptions): number {
  const length = cycleLength(epochs, cycles);
  const within = Math.min(epoch % length, Math.floor(gamma * length));
  return restartLr * (1 - within / (denominator === "cycle" ? length : epochs)) ** power;
}

/** Epochs of a cycle. @throws ConfigError when the cycles do not divide the epochs */
export function cycleLength(epochs: number, cycles: number): number {
  if (epochs % cycles === 0) return epochs / cycles;
  throw new ConfigError(
    `${epochs} epochs cannot be divided into ${cycles} cycles of equal length. Choose a number of epochs that is a multiple of ${cycles}.`,
  );
}
