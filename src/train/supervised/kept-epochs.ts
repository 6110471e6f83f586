import { cycleLength } from "./schedule.ts";

/** Whose rule says which checkpoints are kept. */
export type KeepMode = "paper" | "reference";

/** Which checkpoints of a training are kept as members of an ensemble. */
export const keepRules = ["none", "late", "sparse", "both"] as const;
export type KeepRule = (typeof keepRules)[number];

export interface KeepOptions {
  readonly epochs: number;
  readonly cycles: number;
  readonly rule: KeepRule;
  readonly mode: KeepMode;
}

/** Checkpoints of a cycle by the rule `late`. */
const late = 10;
/** Checkpoints of a cycle by the rule `sparse`. */
const sparse = 7;

/**
 * The epochs, counted from 0 and in ascending order, after which a checkpoint is kept.
 *
 * - `late`: the last ten of each cycle
 * - `sparse`: seven of each cycle, evenly spread from 70 % of where the late ones begin to its end
 *
 * In mode `reference` they are those of MedCLIP-SAMv2's code: the late ones leave out the last epoch of a cycle (and with cycles of ten
 * epochs or fewer are all), and the sparse ones are spread to the end of the whole training, so that with several cycles few of them lie in one.
 *
 * @throws ConfigError when the cycles do not divide the epochs
 */
export function keptEpochs({ epochs, cycles, rule, mode }: KeepOptions): number[] {
  const length = cycleLength(epochs, cycles);
  const inCycle = rules[mode](length, epochs);
  const isKept = (epoch: number) => {
    const within = (epoch % length) + 1; // from 1 to the length
    return (
      ((rule === "late" || rule === "both") && inCycle.late(within)) || ((rule === "sparse" || rule === "both") && inCycle.sparse(within))
    );
  };
  return Array.from({ length: epochs }, (_, epoch) => epoch).filter(isKept);
}

/** Name of the checkpoint after an epoch, counted from 0, in a model folder: that of MedCLIP-SAMv2's late checkpoints. */
export const keptName = (epoch: number): string => `checkpoint_${epoch}`;

/** Whether an epoch of a cycle, counted from 1, is kept. */
interface CycleRules {
  readonly late: (within: number) => boolean;
  readonly sparse: (within: number) => boolean;
}

const rules: Readonly<Record<KeepMode, (length: number, epochs: number) => CycleRules>> = {
  paper: (length) => {
    const chosen = spread(Math.max(1, sparseStart(length)), length);
    return { late: (within) => within > length - late, sparse: (within) => chosen.has(within) };
  },
  // The remainder of a cycle's last epoch is 0 there.
  reference: (length, epochs) => {
    const chosen = spread(sparseStart(length), epochs + 1);
    return { late: (within) => within % length >= length - late, sparse: (within) => chosen.has(within % length) };
  },
};

const sparseStart = (length: number): number => Math.trunc(0.7 * (length - late));

/** Whole numbers, evenly spread and rounded down. */
function spread(from: number, to: number): Set<number> {
  const step = (to - from) / (sparse - 1);
  return new Set(Array.from({ length: sparse }, (_, i) => (i === sparse - 1 ? to : Math.trunc(from + i * step))));
}
