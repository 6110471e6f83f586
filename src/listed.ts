/** The first few items of a list, and how many are left: "a, b and 3 more". */
export function listed<T>(items: readonly T[], most: number, text: (item: T) => string = String): string {
  const shown = items.slice(0, most).map(text).join(", ");
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}
