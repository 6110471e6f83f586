/** How sentences were made: the part of it that decides what they say. */
export interface Recipe {
  readonly model: string;
  readonly endpoint: string;
  readonly temperature: number;
  readonly seed: number;
  /** The text of each request: of the generic sentences, and of those about each class. */
  readonly requests: readonly string[];
}

/** The names of what a file says otherwise. */
export function changedIn(made: Readonly<Record<string, unknown>>, recipe: Recipe): string[] {
  return Object.entries(recipe).flatMap(([name, value]) => (JSON.stringify(made[name]) === JSON.stringify(value) ? [] : [name]));
}
