import type { InputError } from "../errors.ts";
import { MaskError } from "./mask-rule.ts";

/** The reason why a mask file is not used, from a fixed set that can be counted. */
export const maskProblem = (error: InputError): string => (error instanceof MaskError ? error.problem : "cannot be read");

/** Collects the guesses about many mask files, so that each kind is reported once. */
export class MaskGuesses {
  private readonly guesses = new Map<string, { count: number; readonly example: string }>();

  add(file: string, warnings: readonly string[]): void {
    for (const warning of warnings) {
      const known = this.guesses.get(warning) ?? { count: 0, example: file };
      this.guesses.set(warning, { ...known, count: known.count + 1 });
    }
  }

  /** One message per kind of guess, most frequent first: "12 masks, such as "a.png": soft edges: ..." */
  sentences(): string[] {
    const sorted = [...this.guesses].sort(([, a], [, b]) => b.count - a.count);
    return sorted.map(([warning, { count, example }]) =>
      count === 1 ? `mask "${example}": ${warning}` : `${count} masks, such as "${example}": ${warning}`,
    );
  }
}
