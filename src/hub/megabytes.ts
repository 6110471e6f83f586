/** A number of bytes in words, rounded up: "375 MB", "2 kB"; decimal units. */
export function megabytes(bytes: number): string {
  const [unit, size] = bytes >= 1e6 ? (["MB", 1e6] as const) : (["kB", 1e3] as const);
  return `${Math.ceil(bytes / size).toLocaleString("en")} ${unit}`;
}
