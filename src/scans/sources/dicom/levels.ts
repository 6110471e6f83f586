import type { SampleArray } from "../image-source.ts";
import { percentilesOf } from "../percentiles.ts";
import type { ModalityRule } from "./modality-values.ts";
import type { Padding } from "./padding.ts";
import type { StoredFrame } from "./stored-frames.ts";

/** Values that are shown as black and as white. */
export type Levels = readonly [low: number, high: number];

/** Shares of all values that are shown as black and as white. */
const blackAndWhite = [0.005, 0.995] as const;

/**
 * Counts values of many frames, of which one is held at a time: of whole numbers of up to 16 bits, only how often each is there. Of others, all
 * values are kept.
 */
export class ValueCounts {
  private readonly counts = new Map<number, number>();
  private readonly others: SampleArray[] = [];

  /** Adds the values of a frame, without padding. */
  add({ data }: StoredFrame, { value }: ModalityRule, isPadding: Padding): void {
    if (!(data instanceof Uint8Array || data instanceof Int8Array || data instanceof Uint16Array || data instanceof Int16Array)) {
      const kept: ArrayLike<number> = isPadding ? data.filter((stored) => !isPadding(stored)) : data;
      this.others.push(Float32Array.from(kept, value));
      return;
    }
    const ofStored = new Uint32Array(0x10000);
    for (let i = 0; i < data.length; i++) ofStored[data[i]! & 0xffff]! += 1;
    const isSigned = data instanceof Int8Array || data instanceof Int16Array;
    for (let cell = 0; cell < ofStored.length; cell++) {
      const count = ofStored[cell]!;
      const stored = isSigned && cell > 0x7fff ? cell - 0x10000 : cell;
      if (count === 0 || isPadding?.(stored)) continue;
      const key = Math.fround(value(stored));
      this.counts.set(key, (this.counts.get(key) ?? 0) + count);
    }
  }

  /** The 0.5 % and 99.5 % percentiles; 0 and 0 where there are no values. */
  levels(): Levels {
    const [low, high] =
      this.others.length > 0 ? percentilesOf(this.all(), blackAndWhite) : blackAndWhite.map((share) => this.percentile(share));
    return Number.isFinite(low) && Number.isFinite(high) ? [low!, high!] : [0, 0];
  }

  private all(): Float32Array {
    const all = new Float32Array(this.others.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const values of this.others) {
      all.set(values, at);
      at += values.length;
    }
    return all;
  }

  /** Interpolated linearly between the two nearest ranks. */
  private percentile(share: number): number {
    const sorted = [...this.counts].sort(([a], [b]) => a - b);
    const total = sorted.reduce((sum, [, count]) => sum + count, 0);
    const position = share * (total - 1);
    const at = (rank: number) => {
      let below = 0;
      for (const [value, count] of sorted) {
        below += count;
        if (rank < below) return value;
      }
      return Number.NaN;
    };
    const [low, high] = [at(Math.floor(position)), at(Math.ceil(position))];
    return low + (high - low) * (position % 1);
  }
}
