import { uniform } from "../tensor/random.ts";

/** A sequence of random numbers from its own stream: draws for one part of an image do not change any other part. */
export class Draws {
  /** Of the stream; a field of its own takes both. */
  readonly name: string;
  readonly seed: number;
  private readonly at: (index: number) => number;
  private next = 0;

  constructor(name: string, seed: number) {
    this.name = name;
    this.seed = seed;
    const stream = uniform(name, seed);
    this.at = (index) => stream.at(index);
  }

  /** Draws for a part, independent of these. */
  of(part: string): Draws {
    return new Draws(`${this.name}/${part}`, this.seed);
  }

  /** In [0, 1). */
  uniform(): number {
    return this.at(this.next++);
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** A standard normal deviate. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
