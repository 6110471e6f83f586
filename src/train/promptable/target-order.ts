import { addTo } from "../../add-to.ts";
import { shuffledIndices } from "../../data/index.ts";
import { uniform } from "../../tensor/random.ts";

/** What the order of targets depends on. */
export interface OrderedTarget {
  readonly key: string;
  readonly group: string;
  /** Targets of one image share its embedding. */
  readonly image: number;
}

export interface TargetOrderOptions {
  readonly seed: number;
  /** Whether groups count equally, regardless of their numbers of targets. */
  readonly isBalanced: boolean;
}

/**
 * The endless sequence of targets that a training uses. Each round has one target of each group, in random order; within a group no target
 * is repeated before all others were used. If groups are not balanced, all targets form one group. Each position is drawn independently
 * of the run so far, so that a run can resume anywhere.
 */
export class TargetOrder {
  private readonly targets: readonly OrderedTarget[];
  private readonly seed: number;
  private readonly groups: readonly (readonly number[])[];
  /** Weight of each target; the weights of each group have the same sum. */
  private readonly weights: Float64Array;
  private readonly ofImage = new Map<number, number[]>();
  private readonly orders = new Map<string, readonly number[]>();

  constructor(targets: readonly OrderedTarget[], { seed, isBalanced }: TargetOrderOptions) {
    this.targets = targets;
    this.seed = seed;
    const groups = new Map<string, number[]>();
    for (const [i, { group, image }] of targets.entries()) {
      const name = isBalanced ? group : "";
      addTo(groups, name, i);
      addTo(this.ofImage, image, i);
    }
    this.groups = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => members);
    this.weights = new Float64Array(targets.length);
    for (const members of this.groups) for (const i of members) this.weights[i] = 1 / members.length;
  }

  /** The target at a position, counted from 0. */
  at(place: number): number {
    const count = this.groups.length;
    const round = Math.floor(place / count);
    const names = this.groups.map((_, i) => String(i));
    const group = this.shuffled(names, `groups/${round}`)[place % count]!;
    const members = this.groups[group]!;
    const keys = () => members.map((i) => this.targets[i]!.key);
    const order = this.shuffled(keys, `group/${group}/${Math.floor(round / members.length)}`);
    return members[order[round % members.length]!]!;
  }

  /**
   * The target at a position with other targets of its image, `count` in total. Each comes once, with targets of small groups preferred;
   * if the image has too few, they are repeated from the start.
   */
  together(place: number, count: number): number[] {
    const first = this.at(place);
    const random = uniform(`train/together/${place}`, this.seed);
    // Drawn without replacement in proportion to the weights: the largest u^(1/w) come first.
    const others = this.ofImage.get(this.targets[first]!.image)!.filter((i) => i !== first);
    const ranks = new Map(others.map((i, k) => [i, Math.log(random.at(k)) / this.weights[i]!]));
    const order = [first, ...others.sort((a, b) => ranks.get(b)! - ranks.get(a)!)];
    return Array.from({ length: count }, (_, k) => order[k % order.length]!);
  }

  /** A random order of names; recent ones are cached. */
  private shuffled(names: readonly string[] | (() => readonly string[]), stream: string): readonly number[] {
    const known = this.orders.get(stream);
    if (known) return known;
    const order = shuffledIndices(typeof names === "function" ? names() : names, `train/order/${stream}`, this.seed);
    // Orders of earlier rounds are not needed again.
    if (this.orders.size > 4 * this.groups.length) this.orders.delete(this.orders.keys().next().value!);
    this.orders.set(stream, order);
    return order;
  }
}
