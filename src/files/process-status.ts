import { readFileSync } from "node:fs";

/** What Linux tells about a process. */
export interface ProcessStatus {
  /** "Z" or "X": it has ended. */
  readonly state: string;
  /** Start time in ticks since boot. */
  readonly start: string | undefined;
}

/** The status of a process; undefined if there is none with this id, and on other systems. */
export function processStatus(pid: number): ProcessStatus | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name in parentheses, may contain anything; the start time is the twentieth field after it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, start: fields[19] };
  } catch {
    return undefined;
  }
}
