import type { InputError } from "../errors.ts";
import { MaskError } from "./mask-rule.ts";

/** The reason why a mask file is not used, from a fixed set that can be counted. */
export const maskProblem = (error: InputError): string => (error instanceof MaskError ? error.problem : "cannot be read");

/** Collects the guesses about many mask files, so that each kind is reported once, in the same words whatever the order of reading. */
export class MaskGuesses {
  private readonly guesses = new Map<string, { count: number; readonly example: string }>();

  add(file: string, warnings: readonly string[]): void {
    for (const warning of warnings) {
      const { count, example } = this.guesses.get(warning) ?? { count: 0, example: file };
      this.guesses.set(warning, { count: count + 1, example: file < example ? file : example });
    }
  }

  /** One message per kind of guess, most frequent first, with the first file by name: "12 masks, such as "a.png": soft edges: ..." */
  sentences(): string[] {
    const sorted = [...this.guesses].sort(([one, a], [other, b]) => b.count - a.count || (one < other ? -1 : 1));
    return sorted.map(([warning, { count, example }]) =>
      count === 1 ? `mask "${example}": ${warning}` : `${count} masks, such as "${example}": ${warning}`,
    );
  }
}
