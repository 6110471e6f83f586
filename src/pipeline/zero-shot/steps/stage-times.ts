/** Milliseconds spent in each stage of an image. */
export type StageTimes = Record<string, number>;

/** Runs a stage and adds its milliseconds. */
export async function timed<T>(ms: StageTimes, stage: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  ms[stage] = Math.round((ms[stage] ?? 0) + performance.now() - start);
  return result;
}
